using System;
using System.IO;
using System.Threading.Tasks;
using Aliyun.Serverless.Core;
using Microsoft.AspNetCore.Http;

namespace Clauses
{
    /// <summary>Handlers of HTTP requests as FC 2.0 has them: what an FcHttpEntrypoint overrides.</summary>
    public class Web
    {
        public async Task<HttpResponse> http(HttpRequest request, HttpResponse response, IFcContext context)
        {
            string body = await new StreamReader(request.Body).ReadToEndAsync();
            response.StatusCode = 201;
            response.ContentType = "text/plain";
            response.Headers["X-Answer"] = "yes";
            await response.WriteAsync(string.Join("|", request.Method, request.Path.Value, request.QueryString.Value.TrimStart('?'),
                string.Join(",", request.Headers["X-Mine"].ToArray()), request.ContentType, body));
            return response;
        }

        public async Task<HttpResponse> http_echo(HttpRequest request, HttpResponse response, IFcContext context)
        {
            response.ContentType = "application/octet-stream";
            await request.Body.CopyToAsync(response.Body);
            return response;
        }

        public Task<HttpResponse> http_fail(HttpRequest request, HttpResponse response, IFcContext context)
        {
            throw new InvalidOperationException("no page");
        }
    }
}
