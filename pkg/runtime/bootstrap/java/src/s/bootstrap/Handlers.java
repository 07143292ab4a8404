package s.bootstrap;

import com.aliyun.fc.runtime.HttpRequestHandler;
import com.aliyun.fc.runtime.PojoRequestHandler;
import com.aliyun.fc.runtime.StreamRequestHandler;
import java.io.ByteArrayInputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.Map;

/**
 * Loads what handlers name, "package.Class::method". A class has one object, whichever of its
 * methods are the handler and the hooks. Anonymous classes instead of lambdas, here and where the
 * process starts: the first lambda costs 20 ms.
 */
final class Handlers {
    /** What runs invocations of one kind. */
    interface Handler {
        void run(Call call) throws Exception;
    }

    static final String API = "com.aliyun.fc.runtime";

    private final Map<String, Handler> known = new HashMap<>();
    private final Map<String, Object> objects = new HashMap<>();

    /** The handler of an invocation of that kind; what can't be loaded is tried again next time. */
    synchronized Handler find(Call call, String kind) throws Throwable {
        String key = kind + call.http() + call.handler();
        Handler handler = known.get(key);
        if (handler == null) {
            handler = load(call, kind);
            known.put(key, handler);
        }
        return handler;
    }

    private Handler load(Call call, String kind) throws Throwable {
        String name = call.handler();
        int colons = name.indexOf("::");
        String method = colons < 0 ? "" : name.substring(colons + 2);
        if (colons <= 0 || method.isEmpty() || method.contains(":")) {
            throw new LoadError(IllegalArgumentException.class, "Invalid handler '" + name + "': it is written package.Class::method", null);
        }
        Object object = object(name.substring(0, colons));
        if (!has(object.getClass(), method)) {
            throw new LoadError(NoSuchMethodException.class, "Handler '" + method + "' is missing on class '" + name.substring(0, colons) + "'", null);
        }
        switch (kind) {
            case "Initialize":
                return Hooks.initializer(name, object, method);
            case "PreStop":
                return Hooks.preStop(name, object, method);
            case "PreFreeze":
                return Hooks.preFreeze(name, object, method);
            default:
                return call.http() ? request(name, object, method) : event(name, object, method);
        }
    }

    private static Handler event(String name, Object object, String method) throws Exception {
        if (object instanceof StreamRequestHandler && method.equals("handleRequest")) {
            final StreamRequestHandler handler = (StreamRequestHandler) object;
            return new Handler() {
                @Override
                public void run(Call call) throws Exception {
                    handler.handleRequest(new ByteArrayInputStream(call.next.body), call.result, new FcContext(call));
                }
            };
        }
        if (object instanceof PojoRequestHandler && method.equals("handleRequest")) {
            return new Pojo((PojoRequestHandler<?, ?>) object);
        }
        if (object instanceof HttpRequestHandler) {
            throw new LoadError(ClassCastException.class, name + " is an HttpRequestHandler, which takes the requests of HTTP triggers of FC 2.0 only; "
                + "events, and requests of FC 3.0, need a StreamRequestHandler or PojoRequestHandler", null);
        }
        throw unfit(name, "handleRequest of " + API + ".StreamRequestHandler or PojoRequestHandler");
    }

    private static Handler request(String name, Object object, String method) throws LoadError {
        if (!(object instanceof HttpRequestHandler && method.equals("handleRequest"))) {
            throw unfit(name, "handleRequest of " + API + ".HttpRequestHandler");
        }
        final HttpRequestHandler handler = (HttpRequestHandler) object;
        return new Handler() {
            @Override
            public void run(Call call) throws Exception {
                HttpResponse response = new HttpResponse(call);
                handler.handleRequest(new HttpRequest(call), response, new FcContext(call));
                response.finish();
            }
        };
    }

    static LoadError unfit(String name, String wanted) {
        return new LoadError(ClassCastException.class, name + " isn't " + wanted, null);
    }

    private static boolean has(Class<?> type, String method) {
        for (Method m : type.getMethods()) {
            if (m.getName().equals(method)) {
                return true;
            }
        }
        return false;
    }

    private Object object(String name) throws Throwable {
        Object object = objects.get(name);
        if (object != null) {
            return object;
        }
        try {
            Class<?> type = Class.forName(name, true, ClassLoader.getSystemClassLoader());
            Constructor<?> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            object = constructor.newInstance();
        } catch (ClassNotFoundException e) {
            if (!name.equals(e.getMessage())) {
                throw e; // of the class's own
            }
            throw new LoadError(ClassNotFoundException.class, "Class '" + name + "' isn't in the code", null);
        } catch (NoSuchMethodException e) {
            throw new LoadError(NoSuchMethodException.class, "Class '" + name + "' has no constructor without parameters", null);
        } catch (InvocationTargetException | ExceptionInInitializerError e) {
            throw e.getCause() == null ? e : e.getCause();
        } catch (NoClassDefFoundError e) {
            if (e.getMessage() != null && e.getMessage().startsWith(API.replace('.', '/'))) {
                throw new LoadError(NoClassDefFoundError.class, e.getMessage() + ": fc-java-core must be packed with the function", e);
            }
            throw e;
        }
        objects.put(name, object);
        return object;
    }
}
