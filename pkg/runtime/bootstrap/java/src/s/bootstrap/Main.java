package s.bootstrap;

import java.io.IOException;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The language runtime for Java 8 and later. It asks the Runtime API for the next invocation, calls
 * the user's handler and posts the result, again and again. Its classes and the function's are on
 * one class path, so that the function's own fc-java-core is the one that they meet in.
 *
 * <p>Arguments: address of the Runtime API, how many invocations there may be at once.
 */
final class Main {
    private final String address;
    private final Log log = new Log();
    private final Invoker invoker = new Invoker(log);

    private Main(String address) {
        this.address = address;
    }

    public static void main(String[] args) {
        try {
            final Main main = new Main(args[0]);
            Client client = new Client(main.address);
            Runtime.getRuntime().addShutdownHook(new Thread() {
                @Override
                public void run() {
                    main.invoker.end();
                }
            });
            main.log.line("FunctionCompute java runtime inited.");
            if (Integer.parseInt(args[1]) > 1) {
                main.serveThreads(client);
            } else {
                main.serve(client);
            }
        } catch (Throwable e) {
            // The platform has gone, or there is no memory left for an event: nothing can be
            // answered any more.
            if (!(e instanceof IOException)) {
                e.printStackTrace();
                System.err.flush();
            }
            Runtime.getRuntime().halt(1);
        }
    }

    /** One invocation after the other, all in the main thread. */
    private void serve(Client client) throws IOException {
        client.ask();
        while (true) {
            Answer next = expectWork(client.read());
            Outcome outcome = invoker.run(next);
            next = null; // a large event is not kept while waiting
            client.post(outcome, !outcome.last);
            accepted(client.read(), outcome.last);
            outcome = null;
        }
    }

    /** Several invocations at once, a thread and a connection for each. */
    private void serveThreads(Client client) throws IOException {
        Deque<Client> idle = new ConcurrentLinkedDeque<>();
        int[] count = {0};
        ExecutorService pool = Executors.newCachedThreadPool(work -> {
            Thread thread = new Thread(work, "invocation-" + ++count[0]);
            thread.setDaemon(true);
            return thread;
        });
        while (true) {
            client.ask();
            Answer next = expectWork(client.read());
            pool.execute(() -> work(next, idle));
        }
    }

    private void work(Answer next, Deque<Client> idle) {
        try {
            Outcome outcome = invoker.run(next);
            Client poster = idle.poll();
            if (poster == null) {
                poster = new Client(address);
            }
            poster.post(outcome, false);
            accepted(poster.read(), outcome.last);
            idle.push(poster);
        } catch (IOException e) {
            Runtime.getRuntime().halt(1);
        }
    }

    private static Answer expectWork(Answer next) throws IOException {
        if (next.status != 200) {
            throw new IOException("the Runtime API answered " + next.status + " to next");
        }
        return next;
    }

    private void accepted(Answer answer, boolean last) {
        if (answer.status != 200) {
            log.line("the platform refused the result: " + answer.text());
        }
        if (last) {
            Runtime.getRuntime().halt(1);
        }
    }
}
