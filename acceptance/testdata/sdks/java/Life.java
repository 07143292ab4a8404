import com.aliyun.fc20230330.Client;
import com.aliyun.fc20230330.models.*;
import com.aliyun.tea.TeaException;
import com.aliyun.teaopenapi.models.Config;
import com.aliyun.teautil.models.RuntimeOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** The life of a function through com.aliyun:fc20230330, API 2023-03-30. */
public class Life {
    static final String NAME = "sdk-java";
    static final String RECEIVER = "sdk-java-receiver";
    static final RuntimeOptions RUNTIME = new RuntimeOptions().setReadTimeout(60000).setConnectTimeout(5000);
    static Client client;

    static String archive(String text) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry("index.py"));
            zip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return Base64.getEncoder().encodeToString(out.toByteArray());
    }

    static String source(String answer) throws Exception {
        return archive("def handler(event, context):\n    print('event:', event.decode())\n"
            + "    if event == b'fail':\n        raise ValueError('as asked')\n    return '" + answer + "'\n");
    }

    static InvokeFunctionResponse send(String event, String qualifier, InvokeFunctionHeaders headers) throws Exception {
        InvokeFunctionRequest request = new InvokeFunctionRequest()
            .setBody(new ByteArrayInputStream(event.getBytes(StandardCharsets.UTF_8))).setQualifier(qualifier);
        return client.invokeFunctionWithOptions(NAME, request, headers, RUNTIME);
    }

    static String invoke(String event, String qualifier) throws Exception {
        return new String(send(event, qualifier, new InvokeFunctionHeaders()).body.readAllBytes(), StandardCharsets.UTF_8);
    }

    static void check(Object want, Object got) {
        if (!want.equals(got)) {
            throw new AssertionError(want + " was expected, not " + got);
        }
    }

    static void refused(String code, Callable<Object> call) throws Exception {
        try {
            call.call();
        } catch (TeaException e) {
            check(code, e.getCode());
            return;
        }
        throw new AssertionError(code + " was expected, and it went through");
    }

    static Function create(String name, String code) throws Exception {
        return client.createFunction(new CreateFunctionRequest().setBody(new CreateFunctionInput()
            .setFunctionName(name).setRuntime("python3.10").setHandler("index.handler").setMemorySize(512).setCpu(0.35f)
            .setDiskSize(512).setTimeout(20).setEnvironmentVariables(Map.of("STAGE", "one"))
            .setCode(new InputCodeLocation().setZipFile(code)))).body;
    }

    public static void main(String[] args) throws Exception {
        client = new Client(new Config()
            .setAccessKeyId(System.getenv("ALIBABA_CLOUD_ACCESS_KEY_ID")).setAccessKeySecret(System.getenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET"))
            .setEndpoint(System.getenv("FC_ENDPOINT").split("//")[1]).setProtocol("http").setRegionId(System.getenv("FC_REGION")));

        // create, get, list
        create(NAME, source("one"));
        create(RECEIVER, archive("def handler(event, context):\n    return event\n"));
        Function got = client.getFunction(NAME, new GetFunctionRequest()).body;
        check(512, got.memorySize);
        check(Map.of("STAGE", "one"), got.environmentVariables);
        check(2, client.listFunctions(new ListFunctionsRequest().setPrefix(NAME).setLimit(50)).body.functions.size());
        refused("FunctionAlreadyExists", () -> create(NAME, source("again")));
        refused("FunctionNotFound", () -> client.getFunction("nobody", new GetFunctionRequest()));

        // invoke
        InvokeFunctionResponse answer = send("hello", null, new InvokeFunctionHeaders().setXFcLogType("Tail"));
        check("one", new String(answer.body.readAllBytes(), StandardCharsets.UTF_8));
        check(true, new String(Base64.getDecoder().decode(answer.headers.get("x-fc-log-result")), StandardCharsets.UTF_8).contains("event: hello"));
        check(true, invoke("fail", null).contains("as asked"));

        // publish, update, publish, split
        String one = client.publishFunctionVersion(NAME, new PublishFunctionVersionRequest().setBody(new PublishVersionInput())).body.versionId;
        client.updateFunction(NAME, new UpdateFunctionRequest().setBody(new UpdateFunctionInput().setCode(new InputCodeLocation().setZipFile(source("two")))));
        String two = client.publishFunctionVersion(NAME, new PublishFunctionVersionRequest().setBody(new PublishVersionInput())).body.versionId;
        check("two", invoke("x", null));
        check("one", invoke("x", one));
        client.createAlias(NAME, new CreateAliasRequest().setBody(new CreateAliasInput()
            .setAliasName("prod").setVersionId(one).setAdditionalVersionWeight(Map.of(two, 0.5f))));
        TreeSet<String> seen = new TreeSet<>();
        for (int i = 0; i < 40; i++) {
            seen.add(invoke("x", "prod"));
        }
        check("[one, two]", seen.toString());

        // asynchronously, with a destination
        String arn = "acs:fc:" + System.getenv("FC_REGION") + ":" + System.getenv("FC_ACCOUNT_ID") + ":functions/" + RECEIVER;
        client.putAsyncInvokeConfig(NAME, new PutAsyncInvokeConfigRequest().setQualifier("LATEST").setBody(new PutAsyncInvokeConfigInput()
            .setAsyncTask(true).setMaxAsyncRetryAttempts(0L)
            .setDestinationConfig(new DestinationConfig().setOnSuccess(new Destination().setDestination(arn)))));
        check(202, send("later", null, new InvokeFunctionHeaders().setXFcInvocationType("Async").setXFcAsyncTaskId("good")).statusCode);
        for (long end = System.currentTimeMillis() + 60000; ; Thread.sleep(50)) {
            String status = client.getAsyncTask(NAME, "good", new GetAsyncTaskRequest().setQualifier("LATEST")).body.status;
            if (status.equals("Succeeded")) {
                break;
            }
            check(true, System.currentTimeMillis() < end);
        }

        // delete
        client.deleteAsyncInvokeConfig(NAME, new DeleteAsyncInvokeConfigRequest().setQualifier("LATEST"));
        client.deleteAlias(NAME, "prod");
        client.deleteFunctionVersion(NAME, one);
        client.deleteFunctionVersion(NAME, two);
        client.deleteFunction(NAME);
        client.deleteFunction(RECEIVER);
        refused("FunctionNotFound", () -> client.getFunction(NAME, new GetFunctionRequest()));
        System.out.println("lived");
        System.exit(0); // its threads would wait for a minute
    }
}
