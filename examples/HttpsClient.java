import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.KeyStore;
import java.util.Arrays;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** Gets a page of a site that asks for the card: java HttpsClient.java https://www.example.jp/ */
public class HttpsClient {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newBuilder().sslContext(withKeyOfCard()).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0])).build();
        System.out.print(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
    }

    /** TLS with the card's certificate, and the usual certificates of authorities for the site. */
    private static SSLContext withKeyOfCard() throws Exception {
        KeyManagerFactory keys = KeyManagerFactory.getInstance("NewSunX509");
        keys.init(openWithPin(), null);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    private static KeyStore openWithPin() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS11", "SunPKCS11-pyjpki11");
        char[] pin = System.console().readPassword("PIN: ");
        try {
            store.load(null, pin);
        } finally {
            Arrays.fill(pin, ' ');
        }
        return store;
    }
}
