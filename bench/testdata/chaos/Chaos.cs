using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;
using Aliyun.Serverless.Core;

namespace Chaos
{
    public class Handlers
    {
        public Stream Handle(Stream input, IFcContext context)
        {
            string text = new StreamReader(input, Encoding.UTF8).ReadToEnd();
            string order = Regex.Match(text, "\"do\":\"([a-z]*)\"").Groups[1].Value;
            switch (order)
            {
                case "fail":
                    throw new IOException(text);
                case "exit":
                    Environment.Exit(1);
                    break;
                case "abort":
                    Environment.FailFast("told to");
                    break;
                case "hang":
                    Thread.Sleep(Timeout.Infinite);
                    break;
                case "orphan":
                    using (Process.Start("sleep", "600")) { }
                    break;
                case "print":
                    Console.WriteLine(new string('x', 200000));
                    break;
                case "fill":
                    string path = "/tmp/filled-" + context.RequestId;
                    File.WriteAllBytes(path, new byte[20000000]);
                    File.Delete(path);
                    break;
                case "memory":
                    var kept = new List<byte[]>();
                    for (int n = 0; n < 64; n++)
                    {
                        var part = new byte[16 << 20];
                        Array.Fill(part, (byte)n);
                        kept.Add(part);
                    }
                    return new MemoryStream(Encoding.UTF8.GetBytes(kept.Count.ToString()));
            }
            return new MemoryStream(Encoding.UTF8.GetBytes(text));
        }
    }
}
