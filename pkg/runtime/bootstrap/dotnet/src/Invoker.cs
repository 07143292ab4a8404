using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace S.Bootstrap
{
    /// <summary>Runs invocations: markers, handler, and what is posted.</summary>
    sealed class Invoker
    {
        const string Unhandled = ", Error: Unhandled function error";

        static readonly string[] Kinds = { "Invoke", "Initialize", "PreStop", "PreFreeze" };

        readonly Log log;
        readonly Handlers handlers;
        readonly Dictionary<string, string> active = new Dictionary<string, string>(); // request id to kind

        public Invoker(Log log, Handlers handlers)
        {
            this.log = log;
            this.handlers = handlers;
        }

        /// <summary>Runs one invocation to its end; nothing that user code throws comes out.</summary>
        public Outcome Run(Answer next)
        {
            string id = next.Get("x-fc-request-id");
            int type = next.Number("x-fc-function-type");
            string kind = Kinds[type > 0 && type < Kinds.Length ? type : 0];
            lock (active)
            {
                active[id] = kind;
            }
            log.Line("FC " + kind + " Start RequestId: " + id);
            string suffix = Unhandled;
            try
            {
                string httpParams;
                MemoryStream result = Call(next, type > 0, out httpParams);
                suffix = "";
                return new Outcome(id + "/response", result.GetBuffer(), (int)result.Length, httpParams, false);
            }
            catch (Exception e)
            {
                byte[] body = Document(id, e);
                // Without memory, any thread may have been left in the middle of something.
                return new Outcome(id + "/error", body, body.Length, "", e is OutOfMemoryException);
            }
            finally
            {
                lock (active)
                {
                    active.Remove(id);
                }
                log.Line("FC " + kind + " End RequestId: " + id + suffix);
            }
        }

        MemoryStream Call(Answer next, bool hook, out string httpParams)
        {
            httpParams = "";
            var values = new ContextValues(next, log);
            Handler handler = handlers.Find(next.Get("x-fc-function-handler"));
            if (hook)
            {
                return handler.CallHook(values);
            }
            string request = next.Get("x-fc-http-params");
            return request == "" ? handler.Call(next.Body, values) : handler.CallHttp(request, next.Body, values, out httpParams);
        }

        byte[] Document(string id, Exception e)
        {
            try
            {
                var failure = new Failure(e);
                log.Record(id, "ERROR", failure.Trace());
                return failure.Document();
            }
            catch (Exception)
            {
                // An exception whose members throw, or no memory.
                return Encoding.UTF8.GetBytes("{\"errorMessage\":\"the error can't be shown\",\"errorType\":\"" + e.GetType().FullName + "\"}");
            }
        }

        /// <summary>The process ends, by Environment.Exit of the function's or because the platform said so.</summary>
        public void End()
        {
            lock (active)
            {
                foreach (var left in active)
                {
                    log.Line("FC " + left.Value + " End RequestId: " + left.Key + Unhandled);
                }
                active.Clear();
            }
        }
    }
}
