using System;
using System.IO;
using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace S.Bootstrap
{
    /// <summary>
    /// Makes of an event what a handler takes, and of its result what is answered: streams and text
    /// as they are, everything else by the serializer that the attribute FcSerializer names, on the
    /// method or its assembly, else as JSON: by Newtonsoft.Json, which Aliyun.Serverless.Core
    /// depends on, if the code has it.
    /// </summary>
    sealed class Serializer
    {
        readonly object own; // an IFcSerializer
        readonly Type converter; // Newtonsoft.Json.JsonConvert

        public Serializer(MethodInfo method)
        {
            own = Named(method) ?? Named(method.DeclaringType.Assembly);
            if (own == null)
            {
                try
                {
                    converter = Assembly.Load(new AssemblyName("Newtonsoft.Json")).GetType("Newtonsoft.Json.JsonConvert", false);
                }
                catch (IOException)
                {
                    // The code hasn't it.
                }
            }
        }

        static object Named(ICustomAttributeProvider at)
        {
            foreach (object attribute in at.GetCustomAttributes(false))
            {
                if (attribute.GetType().FullName == "Aliyun.Serverless.Core.FcSerializerAttribute")
                {
                    return Activator.CreateInstance((Type)attribute.GetType().GetProperty("SerializerType").GetValue(attribute));
                }
            }
            return null;
        }

        /// <summary>The event as that type.</summary>
        public object Read(byte[] input, Type type)
        {
            if (type.IsAssignableFrom(typeof(MemoryStream)) && type != typeof(object))
            {
                return new MemoryStream(input, false);
            }
            if (type == typeof(string))
            {
                return Encoding.UTF8.GetString(input);
            }
            if (type == typeof(byte[]))
            {
                return input;
            }
            if (own != null)
            {
                return Generic("Deserialize", type, new MemoryStream(input, false));
            }
            if (converter != null)
            {
                return Static("DeserializeObject", new[] { typeof(string), typeof(Type) }, Encoding.UTF8.GetString(input), type);
            }
            return input.Length == 0 && !type.IsValueType ? null : JsonSerializer.Deserialize(input, type, Options());
        }

        /// <summary>What is answered for a result of that type; null is none.</summary>
        public MemoryStream Write(object result, Type type)
        {
            var output = new MemoryStream();
            var stream = result as Stream;
            var text = result as string;
            var bytes = result as byte[];
            if (type == null)
            {
                return output;
            }
            if (stream != null)
            {
                Copy(stream, output);
            }
            else if (text != null || bytes != null)
            {
                bytes = bytes ?? Encoding.UTF8.GetBytes(text);
                output.Write(bytes, 0, bytes.Length);
            }
            else if (own != null)
            {
                Generic("Serialize", type, result, output);
            }
            else
            {
                bytes = converter != null
                    ? Encoding.UTF8.GetBytes((string)Static("SerializeObject", new[] { typeof(object) }, result))
                    : JsonSerializer.SerializeToUtf8Bytes(result, result == null ? type : result.GetType(), Options());
                output.Write(bytes, 0, bytes.Length);
            }
            return output;
        }

        /// <summary>Copies all of a stream, from its beginning if it has been written to.</summary>
        static void Copy(Stream from, Stream to)
        {
            if (from.CanSeek)
            {
                from.Position = 0;
            }
            from.CopyTo(to);
            from.Dispose();
        }

        static JsonSerializerOptions Options()
        {
            return new JsonSerializerOptions { PropertyNameCaseInsensitive = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        }

        object Generic(string name, Type type, params object[] args)
        {
            foreach (Type face in own.GetType().GetInterfaces())
            {
                if (face.FullName == "Aliyun.Serverless.Core.IFcSerializer")
                {
                    return face.GetMethod(name).MakeGenericMethod(type).Invoke(own, BindingFlags.DoNotWrapExceptions, null, args, null);
                }
            }
            throw new LoadError("System.InvalidCastException", "'" + own.GetType().FullName + "', which FcSerializer names, is no IFcSerializer", null);
        }

        object Static(string name, Type[] types, params object[] args)
        {
            return converter.GetMethod(name, types).Invoke(null, BindingFlags.DoNotWrapExceptions, null, args, null);
        }
    }
}
