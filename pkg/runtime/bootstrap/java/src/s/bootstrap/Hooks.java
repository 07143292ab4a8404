package s.bootstrap;

import com.aliyun.fc.runtime.FunctionInitializer;
import com.aliyun.fc.runtime.PreFreezeHandler;
import com.aliyun.fc.runtime.PreStopHandler;

/** The hooks of a function's life. */
final class Hooks {
    private Hooks() {
    }

    static Handlers.Handler initializer(String name, Object object, String method) throws LoadError {
        if (!(object instanceof FunctionInitializer && method.equals("initialize"))) {
            throw Handlers.unfit(name, "initialize of " + Handlers.API + ".FunctionInitializer");
        }
        final FunctionInitializer hook = (FunctionInitializer) object;
        return new Handlers.Handler() {
            @Override
            public void run(Call call) throws Exception {
                hook.initialize(new FcContext(call));
            }
        };
    }

    static Handlers.Handler preStop(String name, Object object, String method) throws LoadError {
        if (!(object instanceof PreStopHandler && method.equals("preStop"))) {
            throw Handlers.unfit(name, "preStop of " + Handlers.API + ".PreStopHandler");
        }
        final PreStopHandler hook = (PreStopHandler) object;
        return new Handlers.Handler() {
            @Override
            public void run(Call call) throws Exception {
                hook.preStop(new FcContext(call));
            }
        };
    }

    static Handlers.Handler preFreeze(String name, Object object, String method) throws LoadError {
        if (!(object instanceof PreFreezeHandler && method.equals("preFreeze"))) {
            throw Handlers.unfit(name, "preFreeze of " + Handlers.API + ".PreFreezeHandler");
        }
        final PreFreezeHandler hook = (PreFreezeHandler) object;
        return new Handlers.Handler() {
            @Override
            public void run(Call call) throws Exception {
                hook.preFreeze(new FcContext(call));
            }
        };
    }
}
