using System;
using System.Globalization;
using System.IO;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace S.Bootstrap
{
    /// <summary>The log of the function: everything goes to descriptor 1 in whole lines.</summary>
    sealed class Log
    {
        readonly Stream raw = new Kept(new FileStream(new SafeFileHandle((IntPtr)1, false), FileAccess.Write, 1));

        public Log()
        {
            Console.SetOut(Writer());
            Console.SetError(Writer());
        }

        TextWriter Writer()
        {
            // With a buffer of its own, a line that is printed is one write.
            return TextWriter.Synchronized(new StreamWriter(raw, new UTF8Encoding(false), 8192) { AutoFlush = true });
        }

        /// <summary>Writes a line, after what the user's code has printed so far.</summary>
        public void Line(string text)
        {
            try
            {
                Console.Out.Flush();
                Console.Error.Flush();
            }
            catch (Exception)
            {
                // Streams of the user's.
            }
            byte[] data = new UTF8Encoding(false).GetBytes(text + "\n");
            raw.Write(data, 0, data.Length);
        }

        /// <summary>Writes a line of a logger: 2022-10-09T07:20:31.024Z REQUEST [INFO] text (documentation of logs for .NET).</summary>
        public void Record(string requestId, string level, string text)
        {
            string now = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            Line(now + " " + requestId + " [" + level + "] " + text);
        }

        /// <summary>A stream that user code can't close, and that nobody need read.</summary>
        sealed class Kept : Stream
        {
            readonly Stream to;

            public Kept(Stream to)
            {
                this.to = to;
            }

            public override bool CanRead { get { return false; } }
            public override bool CanSeek { get { return false; } }
            public override bool CanWrite { get { return true; } }
            public override long Length { get { throw new NotSupportedException(); } }
            public override long Position { get { throw new NotSupportedException(); } set { throw new NotSupportedException(); } }

            public override void Write(byte[] buffer, int offset, int count)
            {
                try
                {
                    lock (to)
                    {
                        to.Write(buffer, offset, count);
                        to.Flush();
                    }
                }
                catch (IOException)
                {
                    // Nobody reads.
                }
            }

            public override void Flush()
            {
            }

            public override void Close()
            {
            }

            public override int Read(byte[] buffer, int offset, int count)
            {
                throw new NotSupportedException();
            }

            public override long Seek(long offset, SeekOrigin origin)
            {
                throw new NotSupportedException();
            }

            public override void SetLength(long value)
            {
                throw new NotSupportedException();
            }
        }
    }
}
