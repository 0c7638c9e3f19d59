import java.security.AuthProvider;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Security;
import java.security.Signature;
import java.security.cert.Certificate;
import javax.security.auth.callback.PasswordCallback;

/** Signs twice with the signature key; with an argument it logs in anew between the two. */
public class TwoSignatures {
    private static final String ALIAS = "Digital Signature Certificate";
    private static final String ALGORITHM = "SHA256withRSA";

    public static void main(String[] arguments) throws Exception {
        AuthProvider card = (AuthProvider) Security.getProvider("SunPKCS11-pyjpki11-signature");
        char[] password = System.console().readPassword("PIN: ");
        KeyStore store = KeyStore.getInstance("PKCS11", card);
        store.load(null, password);
        sign(card, store);
        if (arguments.length > 0) {
            card.logout();
            card.login(null, prompts -> ((PasswordCallback) prompts[0]).setPassword(password));
        }
        sign(card, store);
    }

    private static void sign(AuthProvider card, KeyStore store) throws Exception {
        Signature signer = Signature.getInstance(ALGORITHM, card);
        signer.initSign((PrivateKey) store.getKey(ALIAS, null));
        byte[] signature = signer.sign();
        Certificate certificate = store.getCertificate(ALIAS);
        Signature verifier = Signature.getInstance(ALGORITHM, "SunRsaSign");
        verifier.initVerify(certificate);
        System.out.println("signature verified: " + verifier.verify(signature));
    }
}
