package s.bootstrap;

import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Generic types, their variables replaced by what they stand for. */
final class Types {
    private Types() {
    }

    /** The argument that a class gives to a generic class or interface above it; Object if it gives none. */
    static Type argument(Type type, Class<?> above, int index) {
        Type found = parent(type, above);
        return found instanceof ParameterizedType ? ((ParameterizedType) found).getActualTypeArguments()[index] : Object.class;
    }

    /** The supertype of that class, with its arguments. */
    private static Type parent(Type type, Class<?> above) {
        Class<?> raw = raw(type);
        if (raw == above) {
            return type;
        }
        if (!above.isAssignableFrom(raw)) {
            return null;
        }
        Map<TypeVariable<?>, Type> bound = variables(type);
        for (Type next : raw.getGenericInterfaces()) {
            Type found = parent(resolve(next, bound), above);
            if (found != null) {
                return found;
            }
        }
        Type next = raw.getGenericSuperclass();
        return next == null ? null : parent(resolve(next, bound), above);
    }

    /** What the variables of a type and of those above it stand for. */
    static Map<TypeVariable<?>, Type> variables(Type type) {
        Map<TypeVariable<?>, Type> bound = new HashMap<>();
        for (Type t = type; t != null; t = raw(t).getGenericSuperclass()) {
            if (t instanceof ParameterizedType) {
                TypeVariable<?>[] names = raw(t).getTypeParameters();
                Type[] values = ((ParameterizedType) t).getActualTypeArguments();
                for (int i = 0; i < names.length; i++) {
                    bound.put(names[i], resolve(values[i], bound));
                }
            }
        }
        return bound;
    }

    static Type resolve(Type type, Map<TypeVariable<?>, Type> bound) {
        if (type instanceof TypeVariable) {
            Type known = bound.get(type);
            return known != null ? known : resolve(((TypeVariable<?>) type).getBounds()[0], bound);
        }
        if (type instanceof WildcardType) {
            return resolve(((WildcardType) type).getUpperBounds()[0], bound);
        }
        if (type instanceof ParameterizedType) {
            ParameterizedType p = (ParameterizedType) type;
            Type[] arguments = p.getActualTypeArguments();
            for (int i = 0; i < arguments.length; i++) {
                // A bound may mention its variable: E extends Enum<E>.
                arguments[i] = arguments[i] instanceof TypeVariable && !bound.containsKey(arguments[i]) ? Object.class : resolve(arguments[i], bound);
            }
            return new Parameterized((Class<?>) p.getRawType(), arguments, p.getOwnerType());
        }
        return type;
    }

    static Class<?> raw(Type type) {
        if (type instanceof Class) {
            return (Class<?>) type;
        }
        if (type instanceof ParameterizedType) {
            return raw(((ParameterizedType) type).getRawType());
        }
        if (type instanceof GenericArrayType) {
            return java.lang.reflect.Array.newInstance(raw(((GenericArrayType) type).getGenericComponentType()), 0).getClass();
        }
        if (type instanceof WildcardType) {
            return raw(((WildcardType) type).getUpperBounds()[0]);
        }
        return type instanceof TypeVariable ? raw(((TypeVariable<?>) type).getBounds()[0]) : Object.class;
    }

    /** A generic class with arguments. */
    private static final class Parameterized implements ParameterizedType {
        private final Class<?> raw;
        private final Type[] arguments;
        private final Type owner;

        Parameterized(Class<?> raw, Type[] arguments, Type owner) {
            this.raw = raw;
            this.arguments = arguments;
            this.owner = owner;
        }

        @Override
        public Type[] getActualTypeArguments() {
            return arguments.clone();
        }

        @Override
        public Type getRawType() {
            return raw;
        }

        @Override
        public Type getOwnerType() {
            return owner;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ParameterizedType && raw == ((ParameterizedType) other).getRawType()
                && Arrays.equals(arguments, ((ParameterizedType) other).getActualTypeArguments());
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(arguments) ^ raw.hashCode();
        }

        @Override
        public String toString() {
            return raw.getName() + Arrays.toString(arguments);
        }
    }
}
