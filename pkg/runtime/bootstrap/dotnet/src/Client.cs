using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace S.Bootstrap
{
    /// <summary>An answer of the Runtime API.</summary>
    sealed class Answer
    {
        public readonly int Status;
        public readonly Dictionary<string, string> Headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        public byte[] Body;

        public Answer(int status)
        {
            Status = status;
        }

        /// <summary>A header; empty if there is none.</summary>
        public string Get(string name)
        {
            string value;
            return Headers.TryGetValue(name, out value) ? value : "";
        }

        /// <summary>A header that is a number; 0 if it isn't.</summary>
        public int Number(string name)
        {
            int value;
            return int.TryParse(Get(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out value) ? value : 0;
        }

        public string Text()
        {
            return Encoding.UTF8.GetString(Body);
        }
    }

    /// <summary>What is posted of an invocation.</summary>
    sealed class Outcome
    {
        /// <summary>Below invocation/: ID/response or ID/error.</summary>
        public readonly string Path;
        public readonly byte[] Body;
        public readonly int Length;
        /// <summary>Value of x-fc-http-params; empty for events and hooks.</summary>
        public readonly string Params;
        /// <summary>The process can't go on after it.</summary>
        public readonly bool Last;

        public Outcome(string path, byte[] body, int length, string httpParams, bool last)
        {
            Path = path;
            Body = body;
            Length = length;
            Params = httpParams;
            Last = last;
        }
    }

    /// <summary>A kept connection to the Runtime API.</summary>
    sealed class Client
    {
        const string Base = "/2020-11-11/runtime/";
        const int Large = 64 << 10;
        const int LongestHead = 1 << 20;

        readonly Socket socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        readonly byte[] ask;
        readonly string common;
        byte[] buf = new byte[16 << 10];
        int start;
        int end;

        public Client(string address)
        {
            int colon = address.LastIndexOf(':');
            int port = int.Parse(address.Substring(colon + 1), CultureInfo.InvariantCulture);
            socket.NoDelay = true;
            Guard(() => { socket.Connect(IPAddress.Parse(address.Substring(0, colon)), port); return 0; });
            common = "Host: " + address + "\r\nUser-Agent: s-dotnet/1\r\n";
            ask = Encoding.ASCII.GetBytes("GET " + Base + "invocation/next HTTP/1.1\r\n" + common + "\r\n");
        }

        /// <summary>Asks for the next invocation.</summary>
        public void Ask()
        {
            Send(ask, ask.Length);
        }

        /// <summary>Sends an outcome, and with askNext, in the same write, asks for the next invocation.</summary>
        public void Post(Outcome outcome, bool askNext)
        {
            byte[] head = Encoding.ASCII.GetBytes("POST " + Base + "invocation/" + outcome.Path + " HTTP/1.1\r\n" + common
                + (outcome.Params == "" ? "" : "x-fc-http-params: " + outcome.Params + "\r\n")
                + "Content-Type: application/octet-stream\r\nContent-Length: " + outcome.Length.ToString(CultureInfo.InvariantCulture) + "\r\n\r\n");
            int tail = askNext ? ask.Length : 0;
            if (outcome.Length > Large)
            {
                Send(head, head.Length);
                Send(outcome.Body, outcome.Length);
                Send(ask, tail);
                return;
            }
            var all = new byte[head.Length + outcome.Length + tail];
            Buffer.BlockCopy(head, 0, all, 0, head.Length);
            Buffer.BlockCopy(outcome.Body, 0, all, head.Length, outcome.Length);
            Buffer.BlockCopy(ask, 0, all, head.Length + outcome.Length, tail);
            Send(all, all.Length);
        }

        /// <summary>Reads one answer.</summary>
        public Answer Read()
        {
            int blank = Head();
            string[] lines = Encoding.UTF8.GetString(buf, start, blank - start).Split(new[] { "\r\n" }, StringSplitOptions.None);
            string[] words = lines[0].Split(new[] { ' ' }, 3);
            int status;
            if (words.Length < 2 || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out status))
            {
                throw new IOException("an answer of the Runtime API begins with " + lines[0]);
            }
            var answer = new Answer(status);
            for (int i = 1; i < lines.Length; i++)
            {
                int colon = lines[i].IndexOf(':');
                if (colon > 0)
                {
                    answer.Headers[lines[i].Substring(0, colon)] = lines[i].Substring(colon + 1).TrimStart(' ');
                }
            }
            start = blank + 4;
            var body = new byte[answer.Number("content-length")];
            int have = Math.Min(body.Length, end - start);
            Buffer.BlockCopy(buf, start, body, 0, have);
            start += have;
            while (have < body.Length)
            {
                have += Receive(body, have);
            }
            answer.Body = body;
            return answer;
        }

        /// <summary>Reads until the end of an answer's headers, and gives its place.</summary>
        int Head()
        {
            Buffer.BlockCopy(buf, start, buf, 0, end - start);
            end -= start;
            start = 0;
            int from = 0;
            while (true)
            {
                for (int i = from; i + 3 < end; i++)
                {
                    if (buf[i] == '\r' && buf[i + 1] == '\n' && buf[i + 2] == '\r' && buf[i + 3] == '\n')
                    {
                        return i;
                    }
                }
                from = Math.Max(0, end - 3);
                if (end == buf.Length)
                {
                    if (end >= LongestHead)
                    {
                        throw new IOException("an answer of the Runtime API has no end of headers");
                    }
                    Array.Resize(ref buf, 2 * end);
                }
                end += Receive(buf, end);
            }
        }

        int Receive(byte[] into, int at)
        {
            int n = Guard(() => socket.Receive(into, at, into.Length - at, SocketFlags.None));
            if (n == 0)
            {
                throw new EndOfStreamException("the Runtime API closed the connection");
            }
            return n;
        }

        void Send(byte[] data, int length)
        {
            for (int sent = 0; sent < length;)
            {
                int from = sent;
                sent += Guard(() => socket.Send(data, from, length - from, SocketFlags.None));
            }
        }

        /// <summary>Makes what goes wrong with the connection an IOException.</summary>
        static int Guard(Func<int> call)
        {
            try
            {
                return call();
            }
            catch (SocketException e)
            {
                throw new IOException(e.Message, e);
            }
        }
    }
}
