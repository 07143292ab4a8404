using System;
using System.Collections.Generic;
using System.IO;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using System.Threading.Tasks;

namespace S.Bootstrap
{
    /// <summary>A handler that can't be loaded.</summary>
    sealed class LoadError : Exception
    {
        /// <summary>What the caller is told as the error's type.</summary>
        public readonly string Kind;

        public LoadError(string kind, string message, Exception cause) : base(message, cause)
        {
            Kind = kind;
        }
    }

    /// <summary>Finds handlers by name, Assembly::Namespace.Class::Method (documentation of handlers in C#).</summary>
    sealed class Handlers
    {
        readonly string code;
        readonly string layers;
        readonly Dictionary<string, Handler> known = new Dictionary<string, Handler>();
        readonly Dictionary<Type, object> instances = new Dictionary<Type, object>();
        volatile Dictionary<string, AssemblyDependencyResolver> resolvers = new Dictionary<string, AssemblyDependencyResolver>();

        public Handlers(string code, string layers)
        {
            this.code = code;
            this.layers = layers;
            AssemblyLoadContext.Default.Resolving += Resolve;
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += (assembly, name) => ResolveNative(name);
        }

        public Handler Find(string name)
        {
            lock (known)
            {
                Handler found;
                if (!known.TryGetValue(name, out found))
                {
                    found = Load(name);
                    known[name] = found;
                }
                return found;
            }
        }

        Handler Load(string name)
        {
            string[] parts = name.Split(new[] { "::" }, StringSplitOptions.None);
            if (parts.Length != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "")
            {
                throw new LoadError("System.ArgumentException", "Invalid handler '" + name + "': it is written Assembly::Namespace.Class::Method", null);
            }
            Type type = LoadAssembly(parts[0]).GetType(parts[1], false);
            if (type == null)
            {
                throw new LoadError("System.TypeLoadException", "Class '" + parts[1] + "' isn't in the assembly '" + parts[0] + "'", null);
            }
            MethodInfo method = null;
            foreach (MethodInfo m in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static))
            {
                if (m.Name == parts[2])
                {
                    if (method != null)
                    {
                        throw new LoadError("System.Reflection.AmbiguousMatchException", "Class '" + parts[1] + "' has several methods '" + parts[2] + "'", null);
                    }
                    method = m;
                }
            }
            if (method == null)
            {
                throw new LoadError("System.MissingMethodException", "Handler '" + parts[2] + "' is missing on class '" + parts[1] + "'", null);
            }
            return new Handler(method, method.IsStatic ? null : Instance(type));
        }

        Assembly LoadAssembly(string name)
        {
            string path = Path.Combine(code, name + ".dll");
            if (!File.Exists(path))
            {
                throw new LoadError("System.IO.FileNotFoundException", "Assembly '" + name + "' isn't in the code: there is no " + name + ".dll", null);
            }
            if (!resolvers.ContainsKey(path) && File.Exists(Path.Combine(code, name + ".deps.json")))
            {
                // Another thread may be looking for an assembly meanwhile.
                resolvers = new Dictionary<string, AssemblyDependencyResolver>(resolvers) { [path] = new AssemblyDependencyResolver(path) };
            }
            return AssemblyLoadContext.Default.LoadFromAssemblyPath(path);
        }

        /// <summary>One object of a class, for its handler and its hooks.</summary>
        object Instance(Type type)
        {
            object instance;
            if (!instances.TryGetValue(type, out instance))
            {
                ConstructorInfo constructor = type.GetConstructor(Type.EmptyTypes);
                if (constructor == null)
                {
                    throw new LoadError("System.MissingMethodException", "Class '" + type.FullName + "' has no public constructor without parameters", null);
                }
                instance = constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, null, null);
                instances[type] = instance;
            }
            return instance;
        }

        /// <summary>Finds an assembly as the function's .deps.json has it, else beside the code or in a layer.</summary>
        Assembly Resolve(AssemblyLoadContext context, AssemblyName name)
        {
            foreach (AssemblyDependencyResolver r in resolvers.Values)
            {
                string path = r.ResolveAssemblyToPath(name);
                if (path != null)
                {
                    return context.LoadFromAssemblyPath(path);
                }
            }
            foreach (string dir in new[] { code, layers + "/dotnet", layers + "/lib", layers })
            {
                string path = Path.Combine(dir, name.Name + ".dll");
                if (File.Exists(path))
                {
                    return context.LoadFromAssemblyPath(path);
                }
            }
            return null;
        }

        IntPtr ResolveNative(string name)
        {
            foreach (AssemblyDependencyResolver r in resolvers.Values)
            {
                string path = r.ResolveUnmanagedDllToPath(name);
                if (path != null)
                {
                    return System.Runtime.InteropServices.NativeLibrary.Load(path);
                }
            }
            foreach (string file in new[] { name, name + ".so", "lib" + name + ".so" })
            {
                string path = Path.Combine(code, file);
                if (File.Exists(path))
                {
                    return System.Runtime.InteropServices.NativeLibrary.Load(path);
                }
            }
            return IntPtr.Zero;
        }
    }

    /// <summary>A method of the user's: [Task of] result of (input[, context]), or a hook of ([context]).</summary>
    sealed class Handler
    {
        readonly MethodInfo method;
        readonly object target;
        readonly ParameterInfo[] parameters;
        readonly Serializer serializer;

        public Handler(MethodInfo method, object target)
        {
            this.method = method;
            this.target = target;
            parameters = method.GetParameters();
            serializer = new Serializer(method);
        }

        public MemoryStream Call(byte[] input, ContextValues context)
        {
            if (parameters.Length < 1 || parameters.Length > 2 || parameters.Length == 2 && !parameters[1].ParameterType.IsInterface)
            {
                throw new LoadError("System.ArgumentException", "Handler '" + method.Name + "' has to have the parameters (input) or (input, IFcContext)", null);
            }
            var args = new object[parameters.Length];
            args[0] = serializer.Read(input, parameters[0].ParameterType);
            if (args.Length > 1)
            {
                args[1] = context.Make(parameters[1].ParameterType);
            }
            Type kind;
            object result = Invoke(args, out kind);
            return serializer.Write(result, kind);
        }

        /// <summary>An HTTP function of FC 2.0: Task of HttpResponse of (HttpRequest, HttpResponse, IFcContext).</summary>
        public MemoryStream CallHttp(string request, byte[] body, ContextValues context, out string answer)
        {
            if (parameters.Length != 3 || !Http.IsRequest(parameters[0].ParameterType) || !parameters[2].ParameterType.IsInterface)
            {
                throw new LoadError("System.ArgumentException",
                    "Handler '" + method.Name + "' of a function with an HTTP trigger has to have the parameters (HttpRequest, HttpResponse, IFcContext)", null);
            }
            object[] pair = Http.Make(request, body);
            Type kind;
            object given = Invoke(new[] { pair[0], pair[1], context.Make(parameters[2].ParameterType) }, out kind);
            return Http.Answer(given ?? pair[1], out answer);
        }

        /// <summary>Initializer and others, which have no event: void M(IFcContext).</summary>
        public MemoryStream CallHook(ContextValues context)
        {
            var args = new object[parameters.Length];
            for (int i = 0; i < args.Length; i++)
            {
                if (!parameters[i].ParameterType.IsInterface)
                {
                    throw new LoadError("System.ArgumentException", "Hook '" + method.Name + "' may have no parameter but an IFcContext", null);
                }
                args[i] = context.Make(parameters[i].ParameterType);
            }
            Type kind;
            Invoke(args, out kind);
            return new MemoryStream(0);
        }

        /// <summary>Calls the method and waits for its task; kind is the type of what it gives, null for nothing.</summary>
        object Invoke(object[] args, out Type kind)
        {
            kind = method.ReturnType == typeof(void) ? null : method.ReturnType;
            if (kind == null && method.IsDefined(typeof(AsyncStateMachineAttribute), false))
            {
                return VoidContext.Wait(() => method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, args, null));
            }
            object result = method.Invoke(target, BindingFlags.DoNotWrapExceptions, null, args, null);
            if (!(result is Task) && !(result is ValueTask) && !IsValueTask(kind))
            {
                return result;
            }
            if (!(result is Task))
            {
                result = result.GetType().GetMethod("AsTask").Invoke(result, null);
            }
            var task = (Task)result;
            task.GetAwaiter().GetResult();
            kind = kind.IsGenericType ? kind.GetGenericArguments()[0] : null;
            return kind == null ? null : task.GetType().GetProperty("Result").GetValue(task);
        }

        static bool IsValueTask(Type kind)
        {
            return kind != null && kind.IsGenericType && kind.GetGenericTypeDefinition() == typeof(ValueTask<>);
        }
    }
}
