using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;

namespace S.Bootstrap
{
    /// <summary>
    /// A request of an HTTP trigger of FC 2.0, described by x-fc-http-params, for the method
    /// HandleRequest(HttpRequest, HttpResponse, IFcContext) of an FcHttpEntrypoint. The types are
    /// those of the ASP.NET Core that the function brings or asks for, whichever version: what is
    /// done with them is bound when it runs.
    /// </summary>
    static class Http
    {
        const string RequestType = "Microsoft.AspNetCore.Http.HttpRequest";
        const string ContextType = "Microsoft.AspNetCore.Http.DefaultHttpContext, Microsoft.AspNetCore.Http";

        /// <summary>Whether a parameter is an HTTP request of ASP.NET Core.</summary>
        public static bool IsRequest(Type parameter)
        {
            return parameter.FullName == RequestType;
        }

        /// <summary>Makes the request and an empty response to it, for a handler's first parameters.</summary>
        public static object[] Make(string encoded, byte[] body)
        {
            dynamic context = Activator.CreateInstance(Type.GetType(ContextType, true));
            dynamic request = context.Request;
            using (JsonDocument document = JsonDocument.Parse(Convert.FromBase64String(encoded)))
            {
                JsonElement values = document.RootElement;
                string path = Text(values, "path", "/");
                string uri = Text(values, "requestURI", path);
                int query = uri.IndexOf('?');
                request.Method = Text(values, "method", "GET");
                request.Scheme = "https";
                request.Path = path;
                request.QueryString = Activator.CreateInstance(request.QueryString.GetType(), query < 0 ? "" : uri.Substring(query));
                foreach (KeyValuePair<string, string[]> header in Lists(values, "headersMap"))
                {
                    request.Headers[header.Key] = header.Value;
                }
                string host = Text(values, "host", "");
                if (host != "")
                {
                    request.Host = Activator.CreateInstance(request.Host.GetType(), host);
                }
                System.Net.IPAddress client;
                if (System.Net.IPAddress.TryParse(Text(values, "clientIP", ""), out client))
                {
                    context.Connection.RemoteIpAddress = client;
                }
            }
            request.Body = new MemoryStream(body, false);
            request.ContentLength = (long)body.Length;
            context.Response.Body = new MemoryStream();
            return new object[] { request, context.Response };
        }

        /// <summary>The response's body, and its status and headers as x-fc-http-params.</summary>
        public static MemoryStream Answer(object answer, out string encoded)
        {
            dynamic response = answer;
            var headers = new Dictionary<string, string[]>();
            foreach (dynamic header in response.Headers)
            {
                headers[header.Key] = header.Value.ToArray();
            }
            encoded = Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(
                new Dictionary<string, object> { { "status", (int)response.StatusCode }, { "headersMap", headers } }));
            Stream body = response.Body;
            var output = new MemoryStream();
            if (body != null && body.CanRead)
            {
                if (body.CanSeek)
                {
                    body.Position = 0;
                }
                body.CopyTo(output);
            }
            return output;
        }

        static string Text(JsonElement values, string name, string otherwise)
        {
            JsonElement value;
            string text = values.TryGetProperty(name, out value) && value.ValueKind == JsonValueKind.String ? value.GetString() : "";
            return text == "" ? otherwise : text;
        }

        static Dictionary<string, string[]> Lists(JsonElement values, string name)
        {
            var all = new Dictionary<string, string[]>();
            JsonElement map;
            if (values.TryGetProperty(name, out map) && map.ValueKind == JsonValueKind.Object)
            {
                foreach (JsonProperty entry in map.EnumerateObject())
                {
                    var list = new List<string>();
                    if (entry.Value.ValueKind == JsonValueKind.Array)
                    {
                        foreach (JsonElement value in entry.Value.EnumerateArray())
                        {
                            list.Add(value.ToString());
                        }
                    }
                    else
                    {
                        list.Add(entry.Value.ToString());
                    }
                    all[entry.Name] = list.ToArray();
                }
            }
            return all;
        }
    }
}
