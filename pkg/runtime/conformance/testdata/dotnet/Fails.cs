using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Aliyun.Serverless.Core;

namespace Clauses
{
    public class Mine : Exception
    {
        public Mine(string message) : base(message)
        {
        }
    }

    /// <summary>Handlers that fail, and those that end their process; hooks.</summary>
    public class Fails
    {
        static volatile int turns;

        int total;

        public string fail(string input, IFcContext context)
        {
            throw new ArgumentException(input);
        }

        public async void fail_type(string input, IFcContext context)
        {
            await Task.Yield();
            throw new Mine(input);
        }

        public async Task<string> fail_deep(string input, IFcContext context)
        {
            await Task.Yield();
            return deeper(input);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        static string deeper(string message)
        {
            throw new ArgumentException(message);
        }

        public string fail_odd(string input, IFcContext context)
        {
            if (int.Parse(input) % 2 == 1)
            {
                throw new ArgumentException("odd");
            }
            return "fine";
        }

        public object unserialisable(Stream input, IFcContext context)
        {
            var self = new List<object>();
            self.Add(self);
            return self;
        }

        public string leave(string input, IFcContext context)
        {
            Console.WriteLine("leaving");
            Environment.Exit(int.Parse(input));
            return "";
        }

        public string signal_process(string input, IFcContext context)
        {
            if (input == "SEGV")
            {
                // One that is only sent .NET takes for a mistake and goes on.
                Marshal.WriteByte(new IntPtr(0x10000000000), 1);
            }
            Handlers.Run("sh", "-c \"kill -" + input + " $PPID\"");
            Thread.Sleep(30_000);
            return "";
        }

        public string sleep(string input, IFcContext context)
        {
            Thread.Sleep(600_000);
            return "";
        }

        public string spin(string input, IFcContext context)
        {
            while (true)
            {
                turns++;
            }
        }

        public string deaf(string input, IFcContext context)
        {
            AppDomain.CurrentDomain.ProcessExit += (sender, e) => Thread.Sleep(600_000);
            Thread.Sleep(600_000);
            return "";
        }

        public string allocate(string input, IFcContext context)
        {
            var kept = new List<byte[]>();
            for (int i = 0; i < int.Parse(input); i++)
            {
                var piece = new byte[1 << 20];
                Array.Fill(piece, (byte)1);
                kept.Add(piece);
            }
            return kept.Count.ToString();
        }

        public void add_one(IFcContext context)
        {
            Console.WriteLine("initializing");
            total++;
        }

        public string add_two(string input, IFcContext context)
        {
            total += 2;
            return total.ToString();
        }

        public void fail_to_initialize(IFcContext context)
        {
            throw new IOException("no database");
        }

        public void stop_fails(IFcContext context)
        {
            throw new IOException("can't stop");
        }

        public void initialize_long(IFcContext context)
        {
            Thread.Sleep(600_000);
        }

        public void initialize_exit(IFcContext context)
        {
            Environment.Exit(1);
        }
    }

    public class Broken
    {
        public Broken()
        {
            throw new InvalidOperationException("no good");
        }

        public string answer(string input)
        {
            return "";
        }
    }

    public class Exits
    {
        static Exits()
        {
            Environment.Exit(1);
        }

        public string answer(string input)
        {
            return "";
        }
    }
}
