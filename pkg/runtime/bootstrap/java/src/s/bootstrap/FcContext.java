package s.bootstrap;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.Credentials;
import com.aliyun.fc.runtime.FunctionComputeLogger;
import com.aliyun.fc.runtime.FunctionParam;
import com.aliyun.fc.runtime.OpenTracing;
import com.aliyun.fc.runtime.Service;

/**
 * What a handler is told about its invocation. Service and OpenTracing came with version 1.4 of
 * fc-java-core: only classes of their own, which load when they are asked for, may name them.
 */
final class FcContext implements Context {
    private final Call call;

    FcContext(Call call) {
        this.call = call;
    }

    private String get(String header) {
        return call.next.get(header);
    }

    @Override
    public String getRequestId() {
        return get("x-fc-request-id");
    }

    @Override
    public Credentials getExecutionCredentials() {
        return new Credentials() {
            @Override
            public String getAccessKeyId() {
                return get("x-fc-access-key-id");
            }

            @Override
            public String getAccessKeySecret() {
                return get("x-fc-access-key-secret");
            }

            @Override
            public String getSecurityToken() {
                return get("x-fc-security-token");
            }
        };
    }

    @Override
    public FunctionParam getFunctionParam() {
        return new FunctionParam() {
            @Override
            public String getFunctionName() {
                return get("x-fc-function-name");
            }

            @Override
            public String getFunctionHandler() {
                return get("x-fc-function-handler");
            }

            @Override
            public String getFunctionInitializer() {
                return get("x-fc-function-initializer");
            }

            @Override
            public int getExecTimeLimitInMillis() {
                return call.next.number("x-fc-function-timeout") * 1000;
            }

            @Override
            public int getMemoryLimitInMB() {
                return call.next.number("x-fc-function-memory");
            }
        };
    }

    @Override
    public Service getService() {
        return FcService.of(call.next);
    }

    @Override
    public FunctionComputeLogger getLogger() {
        return new FcLogger(call.log, getRequestId());
    }

    @Override
    public OpenTracing getTracing() {
        return FcTracing.of(call.next);
    }

    @Override
    public int getRetryCount() {
        return call.next.number("x-fc-retry-count");
    }
}
