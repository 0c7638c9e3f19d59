import java.io.File;
import java.io.FileInputStream;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Node;

/** Verifies an XML signature with Java's own implementation: VerifyXml DOCUMENT CERTIFICATE. */
public class VerifyXml {
    public static void main(String[] arguments) throws Exception {
        Certificate signer;
        try (FileInputStream file = new FileInputStream(arguments[1])) {
            signer = CertificateFactory.getInstance("X.509").generateCertificate(file);
        }
        DocumentBuilderFactory parsers = DocumentBuilderFactory.newInstance();
        parsers.setNamespaceAware(true);
        Document document = parsers.newDocumentBuilder().parse(new File(arguments[0]));
        Node node = document.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature").item(0);
        XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
        DOMValidateContext context = new DOMValidateContext(signer.getPublicKey(), node);
        XMLSignature signature = factory.unmarshalXMLSignature(context);
        System.out.println(signature.getSignedInfo().getSignatureMethod().getAlgorithm());
        System.out.println("signature verified: " + signature.validate(context));
    }
}
