package s.bootstrap;

import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;

/**
 * JSON to objects and back: by the library that the function brings, whose annotations its classes
 * have, else by Beans. The libraries are called by reflection: the runtime brings none.
 */
abstract class Mapper {
    abstract Object read(byte[] json, Type type) throws Exception;

    abstract byte[] write(Object value) throws Exception;

    static Mapper find() throws Exception {
        Class<?> found = named("com.fasterxml.jackson.databind.ObjectMapper");
        if (found != null) {
            return new Jackson(found);
        }
        found = named("com.google.gson.Gson");
        if (found != null) {
            return new Gson(found);
        }
        found = named("com.alibaba.fastjson.JSON");
        if (found != null) {
            return new Fastjson(found);
        }
        return new Own();
    }

    private static Class<?> named(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException | LinkageError e) {
            return null;
        }
    }

    /** Calls a method; what it throws comes out as it is. */
    static Object call(Method method, Object object, Object... arguments) throws Exception {
        try {
            return method.invoke(object, arguments);
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause();
            if (cause instanceof Error) {
                throw (Error) cause;
            }
            throw cause instanceof Exception ? (Exception) cause : e;
        }
    }

    private static final class Jackson extends Mapper {
        private final Object mapper;
        private final Method javaType;
        private final Method read;
        private final Method write;

        @SuppressWarnings({"unchecked", "rawtypes"})
        Jackson(Class<?> type) throws Exception {
            mapper = type.getConstructor().newInstance();
            ClassLoader loader = type.getClassLoader();
            Class feature = Class.forName("com.fasterxml.jackson.databind.DeserializationFeature", true, loader);
            type.getMethod("configure", feature, boolean.class).invoke(mapper, Enum.valueOf(feature, "FAIL_ON_UNKNOWN_PROPERTIES"), false);
            type.getMethod("findAndRegisterModules").invoke(mapper);
            javaType = type.getMethod("constructType", Type.class);
            read = type.getMethod("readValue", byte[].class, Class.forName("com.fasterxml.jackson.databind.JavaType", true, loader));
            write = type.getMethod("writeValueAsBytes", Object.class);
        }

        @Override
        Object read(byte[] json, Type type) throws Exception {
            return call(read, mapper, json, call(javaType, mapper, type));
        }

        @Override
        byte[] write(Object value) throws Exception {
            return (byte[]) call(write, mapper, value);
        }
    }

    private static final class Gson extends Mapper {
        private final Object gson;
        private final Method read;
        private final Method write;

        Gson(Class<?> type) throws Exception {
            gson = type.getConstructor().newInstance();
            read = type.getMethod("fromJson", String.class, Type.class);
            write = type.getMethod("toJson", Object.class);
        }

        @Override
        Object read(byte[] json, Type type) throws Exception {
            return call(read, gson, new String(json, StandardCharsets.UTF_8), type);
        }

        @Override
        byte[] write(Object value) throws Exception {
            return ((String) call(write, gson, value)).getBytes(StandardCharsets.UTF_8);
        }
    }

    private static final class Fastjson extends Mapper {
        private final Method read;
        private final Method write;
        private final Object none;

        Fastjson(Class<?> type) throws Exception {
            Class<?> feature = Class.forName("com.alibaba.fastjson.parser.Feature", true, type.getClassLoader());
            none = Array.newInstance(feature, 0);
            read = type.getMethod("parseObject", String.class, Type.class, none.getClass());
            write = type.getMethod("toJSONString", Object.class);
        }

        @Override
        Object read(byte[] json, Type type) throws Exception {
            return call(read, null, new String(json, StandardCharsets.UTF_8), type, none);
        }

        @Override
        byte[] write(Object value) throws Exception {
            return ((String) call(write, null, value)).getBytes(StandardCharsets.UTF_8);
        }
    }

    private static final class Own extends Mapper {
        @Override
        Object read(byte[] json, Type type) throws Exception {
            return Beans.object(Json.parse(new String(json, StandardCharsets.UTF_8)), type, "the event");
        }

        @Override
        byte[] write(Object value) throws Exception {
            return Json.compact(Beans.tree(value));
        }
    }
}
