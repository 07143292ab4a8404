package s.bootstrap;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a class calls its parts. */
final class Properties {
    private Properties() {
    }

    /** The values of an object's properties: fields in the order of the source, then getters by name. */
    static Map<String, Object> of(Object bean) throws Exception {
        Class<?> type = bean.getClass();
        Map<String, Object> values = new LinkedHashMap<>();
        List<Method> components = components(type);
        if (components != null) {
            for (Method m : components) {
                values.put(m.getName(), get(m, bean));
            }
            return values;
        }
        Map<String, Method> getters = getters(type);
        for (Field f : fields(type)) {
            Method getter = getters.remove(f.getName());
            if (getter != null) {
                values.put(f.getName(), get(getter, bean));
            } else if (Modifier.isPublic(f.getModifiers())) {
                values.put(f.getName(), f.get(bean));
            }
        }
        for (Map.Entry<String, Method> e : getters.entrySet()) {
            values.put(e.getKey(), get(e.getValue(), bean));
        }
        if (values.isEmpty()) {
            for (Field f : fields(type)) {
                values.put(f.getName(), f.get(bean));
            }
        }
        return values;
    }

    private static Object get(Method m, Object bean) throws Exception {
        m.setAccessible(true);
        return Mapper.call(m, bean);
    }

    private static Map<String, Method> getters(Class<?> type) {
        Map<String, Method> getters = new TreeMap<>();
        for (Method m : type.getMethods()) {
            Class<?> result = m.getReturnType();
            if (m.getParameterCount() > 0 || Modifier.isStatic(m.getModifiers()) || m.getDeclaringClass() == Object.class || result == void.class) {
                continue;
            }
            String name = m.getName();
            if (name.startsWith("get") && name.length() > 3) {
                getters.put(decapitalized(name.substring(3)), m);
            } else if (name.startsWith("is") && name.length() > 2 && (result == boolean.class || result == Boolean.class)) {
                getters.putIfAbsent(decapitalized(name.substring(2)), m);
            }
        }
        return getters;
    }

    /** The name of the property of getURLPath, as Jackson has it: urlpath; of getName: name. */
    private static String decapitalized(String name) {
        StringBuilder b = new StringBuilder(name);
        for (int i = 0; i < b.length() && Character.isUpperCase(b.charAt(i)); i++) {
            b.setCharAt(i, Character.toLowerCase(b.charAt(i)));
        }
        return b.toString();
    }

    static Method setter(Class<?> type, String property) {
        for (Method m : type.getMethods()) {
            String name = m.getName();
            if (m.getParameterCount() == 1 && name.startsWith("set") && !m.isBridge()
                && (decapitalized(name.substring(3)).equals(property) || name.substring(3).equalsIgnoreCase(property))) {
                m.setAccessible(true);
                return m;
            }
        }
        return null;
    }

    static Field field(Class<?> type, String property) {
        for (Field f : fields(type)) {
            if (f.getName().equals(property) && !Modifier.isFinal(f.getModifiers())) {
                return f;
            }
        }
        return null;
    }

    /** The fields that hold an object's state, those of the classes above it first. */
    private static List<Field> fields(Class<?> type) {
        List<Field> all = new ArrayList<>();
        if (type == null || type.getName().startsWith("java.")) {
            return all;
        }
        all.addAll(fields(type.getSuperclass()));
        for (Field f : type.getDeclaredFields()) {
            if (!f.isSynthetic() && (f.getModifiers() & (Modifier.STATIC | Modifier.TRANSIENT)) == 0) {
                f.setAccessible(true);
                all.add(f);
            }
        }
        return all;
    }

    /** The accessors of a record in the order of its constructor; null for other classes. */
    static List<Method> components(Class<?> type) throws Exception {
        if (type.getSuperclass() == null || !type.getSuperclass().getName().equals("java.lang.Record")) {
            return null;
        }
        List<Method> all = new ArrayList<>();
        for (Object component : (Object[]) Class.class.getMethod("getRecordComponents").invoke(type)) {
            Method m = (Method) component.getClass().getMethod("getAccessor").invoke(component);
            m.setAccessible(true);
            all.add(m);
        }
        return all;
    }

    static Object create(Constructor<?> constructor, Object... values) throws Exception {
        try {
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            throw e.getCause() instanceof Exception ? (Exception) e.getCause() : e;
        }
    }
}
