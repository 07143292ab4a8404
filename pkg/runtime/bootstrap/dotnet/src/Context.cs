using System;
using System.Collections.Generic;
using System.Reflection;

namespace S.Bootstrap
{
    /// <summary>
    /// What a handler is told about its invocation. The interfaces are those of the function's own
    /// Aliyun.Serverless.Core, whichever version it brings; objects of them are made when it is known.
    /// </summary>
    sealed class ContextValues
    {
        readonly Answer next;
        readonly Log log;

        public ContextValues(Answer next, Log log)
        {
            this.next = next;
            this.log = log;
        }

        /// <summary>Makes an object of the interface IFcContext.</summary>
        public object Make(Type context)
        {
            return Proxy.Make(context, Context);
        }

        object Context(MethodInfo member, object[] args)
        {
            switch (member.Name)
            {
                case "get_RequestId": return next.Get("x-fc-request-id");
                case "get_AccountId": return next.Get("x-fc-account-id");
                case "get_Region": return next.Get("x-fc-region");
                case "get_FunctionParam": return Proxy.Make(member.ReturnType, Function);
                case "get_Credentials": return Proxy.Make(member.ReturnType, Credentials);
                case "get_ServiceMeta": return Proxy.Make(member.ReturnType, Service);
                case "get_Logger": return Proxy.Make(member.ReturnType, new Logger(log, next.Get("x-fc-request-id")).Call);
            }
            return Nothing(member);
        }

        object Function(MethodInfo member, object[] args)
        {
            switch (member.Name)
            {
                case "get_FunctionName": return next.Get("x-fc-function-name");
                case "get_FunctionHandler": return next.Get("x-fc-function-handler");
                case "get_FunctionInitializer": return next.Get("x-fc-function-initializer");
                case "get_MemoryLimitInMB": return next.Number("x-fc-function-memory");
                case "get_FunctionTimeout": return TimeSpan.FromSeconds(next.Number("x-fc-function-timeout"));
                case "get_InitializationTimeout": return TimeSpan.FromSeconds(next.Number("x-fc-initialization-timeout"));
            }
            return Nothing(member);
        }

        object Credentials(MethodInfo member, object[] args)
        {
            switch (member.Name)
            {
                case "get_AccessKeyId": return next.Get("x-fc-access-key-id");
                case "get_AccessKeySecret": return next.Get("x-fc-access-key-secret");
                case "get_SecurityToken": return next.Get("x-fc-security-token");
            }
            return Nothing(member);
        }

        object Service(MethodInfo member, object[] args)
        {
            switch (member.Name)
            {
                case "get_Name":
                case "get_ServiceName": return next.Get("x-fc-service-name");
                case "get_LogProject": return next.Get("x-fc-service-logproject");
                case "get_LogStore": return next.Get("x-fc-service-logstore");
                case "get_Qualifier": return next.Get("x-fc-qualifier");
                case "get_VersionId": return next.Get("x-fc-version-id");
            }
            return Nothing(member);
        }

        /// <summary>What a member that isn't known gives.</summary>
        public static object Nothing(MethodInfo member)
        {
            Type type = member.ReturnType;
            return type.IsValueType && type != typeof(void) ? Activator.CreateInstance(type) : null;
        }
    }

    /// <summary>The logger of a context. Its level is that of the process: a function sets it once.</summary>
    sealed class Logger
    {
        static readonly string[] Names = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "CRITICAL" };
        static volatile int least; // of Microsoft.Extensions.Logging.LogLevel

        readonly Log log;
        readonly string requestId;

        public Logger(Log log, string requestId)
        {
            this.log = log;
            this.requestId = requestId;
        }

        /// <summary>Carries out a member of IFcLogger, which is an ILogger with a level.</summary>
        public object Call(MethodInfo member, object[] args)
        {
            switch (member.Name)
            {
                case "get_EnabledLogLevel": return Enum.ToObject(member.ReturnType, least);
                case "set_EnabledLogLevel":
                    least = Convert.ToInt32(args[0]);
                    return null;
                case "IsEnabled": return Enabled(Convert.ToInt32(args[0]));
                case "BeginScope": return new Scope();
                case "Log":
                    Write(Convert.ToInt32(args[0]), args[2], (Exception)args[3], (Delegate)args[4]);
                    return null;
            }
            return ContextValues.Nothing(member);
        }

        static bool Enabled(int level)
        {
            return level >= least && level < Names.Length && level >= 0;
        }

        void Write(int level, object state, Exception error, Delegate format)
        {
            if (!Enabled(level))
            {
                return;
            }
            string text = format == null ? Convert.ToString(state) : (string)format.DynamicInvoke(state, error);
            log.Record(requestId, Names[level], error == null ? text : text + "\n" + error);
        }

        sealed class Scope : IDisposable
        {
            public void Dispose()
            {
            }
        }
    }

    /// <summary>Makes objects of interfaces that are known only when a function is loaded.</summary>
    public class Proxy : DispatchProxy
    {
        static readonly Dictionary<Type, Func<object>> Makers = new Dictionary<Type, Func<object>>();

        Func<MethodInfo, object[], object> call;

        /// <summary>An object of an interface whose members all are this call.</summary>
        public static object Make(Type of, Func<MethodInfo, object[], object> call)
        {
            Func<object> maker;
            lock (Makers)
            {
                if (!Makers.TryGetValue(of, out maker))
                {
                    MethodInfo create = typeof(DispatchProxy).GetMethod("Create", Type.EmptyTypes).MakeGenericMethod(of, typeof(Proxy));
                    maker = (Func<object>)create.CreateDelegate(typeof(Func<object>));
                    Makers[of] = maker;
                }
            }
            object made = maker();
            ((Proxy)made).call = call;
            return made;
        }

        protected override object Invoke(MethodInfo member, object[] args)
        {
            return call(member, args);
        }
    }
}
