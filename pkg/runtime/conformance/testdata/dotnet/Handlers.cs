using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using Aliyun.Serverless.Core;
using Microsoft.Extensions.Logging;

namespace Clauses
{
    /// <summary>The handlers that every language has (see clauses_test.go): events, surroundings, output.</summary>
    public class Handlers
    {
        static readonly object Gate = new object();
        static int arrived;

        readonly ManualResetEventSlim finished = new ManualResetEventSlim();
        int calls;

        public async Task<Stream> echo(Stream input, IFcContext context)
        {
            var copy = new MemoryStream();
            await input.CopyToAsync(copy);
            return copy;
        }

        public static string text(string input)
        {
            return "grüße 你好 😀";
        }

        public async Task nothing(Stream input)
        {
            await Task.Yield();
        }

        public ValueTask<int> number(int input)
        {
            return new ValueTask<int>(41 + input);
        }

        public bool boolean(Stream input, IFcContext context)
        {
            return true;
        }

        public class Answer
        {
            public object[] a = { 1, "two", null };
            public Dictionary<string, bool> b { get; set; } = new Dictionary<string, bool> { { "c", true } };
            public double d { get; } = 1.5;
            public string e { get { return "ü"; } }
        }

        public Answer document(Stream input, IFcContext context)
        {
            return new Answer();
        }

        public Stream size(string input, IFcContext context)
        {
            var result = new byte[int.Parse(input)];
            Array.Fill(result, (byte)'x');
            return new MemoryStream(result);
        }

        public string count(string input, IFcContext context)
        {
            return (++calls).ToString();
        }

        public void stop_here(IFcContext context)
        {
            Console.WriteLine("stopping after " + calls);
        }

        public string temporary(string input, IFcContext context)
        {
            string path = Path.Combine(Path.GetTempPath(), "kept");
            File.AppendAllText(path, input);
            return File.ReadAllText(path);
        }

        public string child(string input, IFcContext context)
        {
            return Run("echo", "from a child");
        }

        public string background(string input, IFcContext context)
        {
            if (input == "start")
            {
                new Thread(() =>
                {
                    Thread.Sleep(50);
                    finished.Set();
                }) { IsBackground = true }.Start();
                return "started";
            }
            return finished.Wait(30_000) ? "done" : "late";
        }

        public string orphan(string input, IFcContext context)
        {
            Process.Start("sleep", "600");
            return "";
        }

        public Dictionary<string, object> context(Stream input, IFcContext c)
        {
            return new Dictionary<string, object>
            {
                { "requestId", c.RequestId }, { "functionName", c.FunctionParam.FunctionName }, { "handler", c.FunctionParam.FunctionHandler },
                { "memory", c.FunctionParam.MemoryLimitInMB }, { "timeout", (int)c.FunctionParam.FunctionTimeout.TotalSeconds },
                { "region", c.Region }, { "accountId", c.AccountId }, { "serviceName", c.ServiceMeta.Name },
                { "qualifier", c.ServiceMeta.Qualifier }, { "versionId", c.ServiceMeta.VersionId },
                { "accessKeyId", c.Credentials.AccessKeyId }, { "accessKeySecret", c.Credentials.AccessKeySecret },
                { "securityToken", c.Credentials.SecurityToken },
            };
        }

        public System.Collections.IDictionary environment(Stream input, IFcContext context)
        {
            return Environment.GetEnvironmentVariables();
        }

        public Dictionary<string, object> places(Stream input, IFcContext context)
        {
            bool writable = true;
            try
            {
                File.WriteAllText(Path.Combine(Environment.GetEnvironmentVariable("FC_FUNC_CODE_PATH"), "written"), "");
            }
            catch (Exception e) when (e is IOException || e is UnauthorizedAccessException)
            {
                writable = false;
            }
            return new Dictionary<string, object>
            {
                { "cwd", Directory.GetCurrentDirectory() }, { "here", File.Exists("Clauses.dll") }, { "writable", writable },
            };
        }

        public string layer_file(string input, IFcContext context)
        {
            return File.ReadAllText("/opt/file.txt").Trim();
        }

        public string layer_library(string input, IFcContext context)
        {
            return Layer.OfALayer.Name();
        }

        public string layer_program(string input, IFcContext context)
        {
            return Run("of-a-layer", "");
        }

        public string print_all(string input, IFcContext context)
        {
            Console.WriteLine("to stdout");
            Console.Error.WriteLine("to stderr");
            Console.WriteLine("你好 😀");
            Console.Write("no newline");
            return "";
        }

        public string log(string input, IFcContext context)
        {
            context.Logger.EnabledLogLevel = LogLevel.Information;
            context.Logger.LogDebug("not this");
            context.Logger.LogInformation("an {0}", "info");
            context.Logger.LogWarning("a warning");
            context.Logger.LogError("an error");
            return "";
        }

        public string print_long(string input, IFcContext context)
        {
            Console.WriteLine(new string('x', 100_000));
            return "";
        }

        public string print_many(string input, IFcContext context)
        {
            for (int i = 0; i < 2000; i++)
            {
                Console.WriteLine("line " + i);
            }
            return "";
        }

        public string print_flood(string input, IFcContext context)
        {
            string line = new string('y', 1000);
            for (int i = 0; i < 20_000; i++)
            {
                Console.WriteLine(line);
            }
            return "survived";
        }

        public string close_output(string input, IFcContext context)
        {
            Console.Out.Close();
            Console.Error.Close();
            return "fine";
        }

        public string meet(string input, IFcContext context)
        {
            lock (Gate)
            {
                arrived++;
                Monitor.PulseAll(Gate);
                while (arrived % 3 != 0)
                {
                    Monitor.Wait(Gate, 30_000);
                }
            }
            context.Logger.LogInformation("met " + input);
            return input;
        }

        internal static string Run(string program, string arguments)
        {
            using (Process p = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true }))
            {
                return p.StandardOutput.ReadToEnd().Trim();
            }
        }
    }
}

namespace Sub
{
    /// <summary>A handler in another namespace.</summary>
    public class Inner
    {
        public string answer(string input)
        {
            return "from a folder";
        }
    }
}
