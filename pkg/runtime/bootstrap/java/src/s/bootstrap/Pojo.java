package s.bootstrap;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.PojoRequestHandler;
import java.lang.reflect.Type;

/** A PojoRequestHandler: JSON to an object, an object to JSON. */
final class Pojo implements Handlers.Handler {
    private final PojoRequestHandler<Object, Object> handler;
    private final Type input;
    private final Mapper mapper;

    @SuppressWarnings("unchecked")
    Pojo(PojoRequestHandler<?, ?> handler) throws Exception {
        this.handler = (PojoRequestHandler<Object, Object>) handler;
        this.input = Types.argument(handler.getClass(), PojoRequestHandler.class, 0);
        this.mapper = Mapper.find();
    }

    @Override
    public void run(Call call) throws Exception {
        byte[] event = call.next.body;
        Object in = event.length == 0 ? null : mapper.read(event, input);
        Context context = new FcContext(call);
        call.result = new Buffer(mapper.write(handler.handleRequest(in, context)));
    }
}
