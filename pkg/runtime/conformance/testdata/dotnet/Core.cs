using System;
using System.IO;
using Microsoft.Extensions.Logging;

// The members of the package Aliyun.Serverless.Core 1.0.1, which functions are
// written against, as far as these clauses need them.
namespace Aliyun.Serverless.Core
{
    public interface IFcContext
    {
        string RequestId { get; }
        IFunctionParameter FunctionParam { get; }
        IFcLogger Logger { get; }
        ICredentials Credentials { get; }
        string AccountId { get; }
        string Region { get; }
        IServiceMeta ServiceMeta { get; }
    }

    public interface IFunctionParameter
    {
        string FunctionName { get; }
        string FunctionHandler { get; }
        string FunctionInitializer { get; }
        int MemoryLimitInMB { get; }
        TimeSpan FunctionTimeout { get; }
        TimeSpan InitializationTimeout { get; }
    }

    public interface IFcLogger : ILogger
    {
        LogLevel EnabledLogLevel { get; set; }
    }

    public interface ICredentials
    {
        string AccessKeyId { get; }
        string AccessKeySecret { get; }
        string SecurityToken { get; }
    }

    public interface IServiceMeta
    {
        string Name { get; }
        string LogProject { get; }
        string LogStore { get; }
        string Qualifier { get; }
        string VersionId { get; }
    }

    public interface IFcSerializer
    {
        T Deserialize<T>(Stream requestStream);
        void Serialize<T>(T response, Stream responseStream);
    }

    [AttributeUsage(AttributeTargets.Method | AttributeTargets.Assembly)]
    public sealed class FcSerializerAttribute : Attribute
    {
        public Type SerializerType { get; set; }

        public FcSerializerAttribute(Type serializerType)
        {
            SerializerType = serializerType;
        }
    }
}
