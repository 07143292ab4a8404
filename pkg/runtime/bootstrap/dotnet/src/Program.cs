using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Threading;

namespace S.Bootstrap
{
    /// <summary>
    /// The language runtime for .NET. It asks the Runtime API for the next invocation, calls the
    /// user's handler and posts the result, again and again.
    /// </summary>
    static class Program
    {
        const string DefaultAddress = "127.0.0.1:19001";

        /// <summary>What user code may see of FC_*; the rest is between platform and runtime.</summary>
        static readonly HashSet<string> Safe = new HashSet<string>
        {
            "FC_FUNC_CODE_PATH", "FC_FUNCTION_MEMORY_SIZE", "FC_RUNTIME_VERSION", "FC_ACCOUNT_ID", "FC_FUNCTION_HANDLER",
            "FC_FUNCTION_NAME", "FC_SERVICE_NAME", "FC_VER_ID", "FC_FUNCTION_VERSION", "FC_QUALIFIER", "FC_REGION", "FC_INSTANCE_ID",
        };

        /// <summary>Arguments: the folder of the code, that of layers.</summary>
        static int Main(string[] args)
        {
            string address = Environment.GetEnvironmentVariable("FC_RUNTIME_API") ?? DefaultAddress;
            int limit;
            int.TryParse(Environment.GetEnvironmentVariable("FC_CONCURRENT_LIMIT"), out limit);
            HideVariables();
            var log = new Log();
            var invoker = new Invoker(log, new Handlers(args[0], args[1]));
            AppDomain.CurrentDomain.ProcessExit += (sender, e) => invoker.End();
            try
            {
                var client = new Client(address);
                log.Line("FunctionCompute dotnet runtime inited.");
                if (limit > 1)
                {
                    ServeThreads(address, client, invoker, log);
                }
                Serve(client, invoker, log);
            }
            catch (IOException)
            {
                // The platform has gone.
            }
            return 1;
        }

        static void HideVariables()
        {
            foreach (DictionaryEntry v in Environment.GetEnvironmentVariables())
            {
                string name = (string)v.Key;
                if ((name.StartsWith("FC_", StringComparison.Ordinal) || name.StartsWith("_FC_", StringComparison.Ordinal)) && !Safe.Contains(name))
                {
                    Environment.SetEnvironmentVariable(name, null);
                }
            }
        }

        /// <summary>One invocation after the other, all in the main thread.</summary>
        static void Serve(Client client, Invoker invoker, Log log)
        {
            client.Ask();
            while (true)
            {
                Outcome outcome = invoker.Run(ExpectWork(client.Read()));
                client.Post(outcome, !outcome.Last);
                Accepted(client.Read(), outcome.Last, log);
            }
        }

        /// <summary>Several invocations at once, a thread and a connection for each.</summary>
        static void ServeThreads(string address, Client client, Invoker invoker, Log log)
        {
            var idle = new Stack<Client>();
            while (true)
            {
                client.Ask();
                Answer next = ExpectWork(client.Read());
                var thread = new Thread(() => Work(next, idle, address, invoker, log));
                thread.IsBackground = true;
                thread.Start();
            }
        }

        static void Work(Answer next, Stack<Client> idle, string address, Invoker invoker, Log log)
        {
            try
            {
                Outcome outcome = invoker.Run(next);
                Client poster = null;
                lock (idle)
                {
                    if (idle.Count > 0)
                    {
                        poster = idle.Pop();
                    }
                }
                poster = poster ?? new Client(address);
                poster.Post(outcome, false);
                Accepted(poster.Read(), outcome.Last, log);
                lock (idle)
                {
                    idle.Push(poster);
                }
            }
            catch (IOException)
            {
                Environment.Exit(1);
            }
        }

        static Answer ExpectWork(Answer next)
        {
            if (next.Status != 200)
            {
                throw new IOException("the Runtime API answered " + next.Status + " to next");
            }
            return next;
        }

        static void Accepted(Answer answer, bool last, Log log)
        {
            if (answer.Status != 200)
            {
                log.Line("the platform refused the result: " + answer.Text());
            }
            if (last)
            {
                Environment.Exit(1);
            }
        }
    }
}
