package s.bootstrap;

import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.temporal.TemporalAccessor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Collections;
import java.util.Date;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Objects as JSON trees and back, for functions that bring no JSON library. Properties are what
 * getters and setters name, and public fields; what the class doesn't know is ignored. A class that
 * has neither is its fields; a record its components.
 */
final class Beans {
    private Beans() {
    }

    /** The object of a type that a tree describes; where is its place, for messages. */
    static Object object(Object tree, Type type, String where) throws Exception {
        Class<?> raw = Types.raw(type);
        if (tree == null) {
            return raw.isPrimitive() ? Array.get(Array.newInstance(raw, 1), 0) : raw == Optional.class ? Optional.empty() : null;
        }
        if (raw == Object.class) {
            return plain(tree);
        }
        if (raw == Optional.class) {
            return Optional.of(object(tree, Types.argument(type, Optional.class, 0), where));
        }
        if (tree instanceof Map) {
            return Map.class.isAssignableFrom(raw) ? map((Map<?, ?>) tree, type, raw, where) : bean((Map<?, ?>) tree, type, raw, where);
        }
        if (tree instanceof List) {
            return list((List<?>) tree, type, raw, where);
        }
        Object value = scalar(tree, raw);
        if (value == null) {
            throw misfit(tree, raw, where);
        }
        return value;
    }

    private static IllegalArgumentException misfit(Object tree, Class<?> raw, String where) {
        String kind = tree instanceof Map ? "an object" : tree instanceof List ? "a list" : tree instanceof String ? "a string" : String.valueOf(tree);
        return new IllegalArgumentException(where + " is " + kind + ", which is no " + raw.getName());
    }

    /** A tree as one that isn't ours: fractions are doubles. */
    private static Object plain(Object tree) {
        if (tree instanceof BigDecimal) {
            return ((BigDecimal) tree).doubleValue();
        }
        if (tree instanceof Map) {
            Json.object(tree).replaceAll((name, value) -> plain(value));
        } else if (tree instanceof List) {
            @SuppressWarnings("unchecked")
            List<Object> list = (List<Object>) tree;
            list.replaceAll(Beans::plain);
        }
        return tree;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object scalar(Object tree, Class<?> raw) throws Exception {
        if (raw.isInstance(tree)) {
            return tree;
        }
        if (raw == boolean.class || raw == Boolean.class) {
            return tree instanceof Boolean ? tree : tree.equals("true") ? Boolean.TRUE : tree.equals("false") ? Boolean.FALSE : null;
        }
        if (raw == String.class || raw == CharSequence.class) {
            return String.valueOf(tree);
        }
        if (raw == Date.class && tree instanceof Number) {
            return new Date(((Number) tree).longValue());
        }
        if (!(tree instanceof String)) {
            return tree instanceof Number ? number(String.valueOf(tree), raw) : null;
        }
        String text = (String) tree;
        if (raw == char.class || raw == Character.class) {
            return text.length() == 1 ? text.charAt(0) : null;
        }
        if (raw.isEnum()) {
            return Enum.valueOf((Class) raw, text);
        }
        if (raw == UUID.class) {
            return UUID.fromString(text);
        }
        if (raw == byte[].class) {
            return Base64.getDecoder().decode(text);
        }
        if (TemporalAccessor.class.isAssignableFrom(raw)) {
            return Mapper.call(raw.getMethod("parse", CharSequence.class), null, text);
        }
        return number(text, raw);
    }

    private static Object number(String text, Class<?> raw) {
        BigDecimal n;
        try {
            n = new BigDecimal(text);
        } catch (NumberFormatException e) {
            return null;
        }
        try {
            if (raw == int.class || raw == Integer.class) {
                return n.intValueExact();
            }
            if (raw == long.class || raw == Long.class) {
                return n.longValueExact();
            }
            if (raw == short.class || raw == Short.class) {
                return n.shortValueExact();
            }
            if (raw == byte.class || raw == Byte.class) {
                return n.byteValueExact();
            }
            if (raw == BigInteger.class) {
                return n.toBigIntegerExact();
            }
        } catch (ArithmeticException e) {
            return null;
        }
        if (raw == double.class || raw == Double.class || raw == Number.class) {
            return n.doubleValue();
        }
        return raw == float.class || raw == Float.class ? (Object) n.floatValue() : raw == BigDecimal.class ? n : null;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object list(List<?> tree, Type type, Class<?> raw, String where) throws Exception {
        if (raw.isArray()) {
            Object array = Array.newInstance(raw.getComponentType(), tree.size());
            for (int i = 0; i < tree.size(); i++) {
                Array.set(array, i, object(tree.get(i), raw.getComponentType(), where + "[" + i + "]"));
            }
            return array;
        }
        if (!raw.isAssignableFrom(List.class) && !Collection.class.isAssignableFrom(raw)) {
            throw misfit(tree, raw, where);
        }
        Collection all = raw.isAssignableFrom(ArrayList.class) ? new ArrayList<>()
            : raw.isAssignableFrom(LinkedHashSet.class) ? new LinkedHashSet<>() : raw == SortedSet.class ? new TreeSet<>()
            : raw == Queue.class ? new ArrayDeque<>() : (Collection) raw.getDeclaredConstructor().newInstance();
        Type element = Types.argument(type, Collection.class, 0);
        for (int i = 0; i < tree.size(); i++) {
            all.add(object(tree.get(i), element, where + "[" + i + "]"));
        }
        return all;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object map(Map<?, ?> tree, Type type, Class<?> raw, String where) throws Exception {
        Map all = raw.isAssignableFrom(LinkedHashMap.class) ? new LinkedHashMap<>()
            : raw == SortedMap.class ? new TreeMap<>() : (Map) raw.getDeclaredConstructor().newInstance();
        Type key = Types.argument(type, Map.class, 0);
        Type value = Types.argument(type, Map.class, 1);
        for (Map.Entry<?, ?> e : tree.entrySet()) {
            all.put(object(e.getKey(), key, where), object(e.getValue(), value, where + "." + e.getKey()));
        }
        return all;
    }

    private static Object bean(Map<?, ?> tree, Type type, Class<?> raw, String where) throws Exception {
        if (raw.isPrimitive() || raw.isArray() || raw.isEnum() || raw.getName().startsWith("java.") || Modifier.isAbstract(raw.getModifiers())) {
            throw misfit(tree, raw, where);
        }
        Map<TypeVariable<?>, Type> bound = Types.variables(type);
        List<Method> components = Properties.components(raw);
        if (components != null) {
            return record(tree, raw, components, bound, where);
        }
        Constructor<?> constructor = raw.getDeclaredConstructor();
        constructor.setAccessible(true);
        Object bean = Properties.create(constructor);
        for (Map.Entry<String, Object> e : Json.object(tree).entrySet()) {
            Method setter = Properties.setter(raw, e.getKey());
            String place = where + "." + e.getKey();
            if (setter != null) {
                Mapper.call(setter, bean, object(e.getValue(), Types.resolve(setter.getGenericParameterTypes()[0], bound), place));
                continue;
            }
            Field field = Properties.field(raw, e.getKey());
            if (field != null) {
                field.set(bean, object(e.getValue(), Types.resolve(field.getGenericType(), bound), place));
            }
        }
        return bean;
    }

    private static Object record(Map<?, ?> tree, Class<?> raw, List<Method> components, Map<TypeVariable<?>, Type> bound, String where) throws Exception {
        Class<?>[] types = new Class<?>[components.size()];
        Object[] values = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            Method m = components.get(i);
            types[i] = m.getReturnType();
            values[i] = object(tree.get(m.getName()), Types.resolve(m.getGenericReturnType(), bound), where + "." + m.getName());
        }
        Constructor<?> constructor = raw.getDeclaredConstructor(types);
        constructor.setAccessible(true);
        return Properties.create(constructor, values);
    }

    /** The tree that describes an object. */
    static Object tree(Object value) throws Exception {
        return tree(value, Collections.newSetFromMap(new IdentityHashMap<>()));
    }

    private static Object tree(Object value, Set<Object> above) throws Exception {
        if (value == null || value instanceof String || value instanceof Boolean || value instanceof Number) {
            boolean finite = !(value instanceof Double || value instanceof Float) || !Double.isInfinite(((Number) value).doubleValue()) && !Double.isNaN(((Number) value).doubleValue());
            return finite ? value : String.valueOf(value);
        }
        if (value instanceof Enum) {
            return ((Enum<?>) value).name();
        }
        if (value instanceof byte[]) {
            return Base64.getEncoder().encodeToString((byte[]) value);
        }
        if (value instanceof Date) {
            return ((Date) value).getTime();
        }
        if (value instanceof Optional) {
            return tree(((Optional<?>) value).orElse(null), above);
        }
        if (value.getClass().getName().startsWith("java.") && !(value instanceof Iterable) && !(value instanceof Map)) {
            return value.toString();
        }
        if (!above.add(value)) {
            throw new IllegalArgumentException("the result contains itself: " + value.getClass().getName());
        }
        Object tree = parts(value, above);
        above.remove(value);
        return tree;
    }

    private static Object parts(Object value, Set<Object> above) throws Exception {
        if (value instanceof Map) {
            Map<String, Object> map = new LinkedHashMap<>();
            for (Map.Entry<?, ?> e : ((Map<?, ?>) value).entrySet()) {
                map.put(String.valueOf(e.getKey()), tree(e.getValue(), above));
            }
            return map;
        }
        List<Object> list = new ArrayList<>();
        if (value instanceof Iterable) {
            for (Object element : (Iterable<?>) value) {
                list.add(tree(element, above));
            }
            return list;
        }
        if (value.getClass().isArray()) {
            for (int i = 0; i < Array.getLength(value); i++) {
                list.add(tree(Array.get(value, i), above));
            }
            return list;
        }
        Map<String, Object> map = Properties.of(value);
        for (Map.Entry<String, Object> e : map.entrySet()) {
            e.setValue(tree(e.getValue(), above));
        }
        return map;
    }
}
