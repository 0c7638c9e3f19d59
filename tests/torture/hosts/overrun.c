/* A program that says its data is a byte longer than it is, for the tests of the tests. Usage: overrun MODULE */
#include "host.h"

enum { DATA_LEN = 16 };

int main(int argc, char **argv)
{
    CK_MECHANISM mechanism = {CKM_SHA256, NULL, 0};
    CK_BYTE *data = calloc(1, DATA_LEN);
    CK_BYTE digest[32];
    CK_ULONG digest_len = sizeof digest;
    CK_SESSION_HANDLE session;

    MUST(argc == 2 && data != NULL);
    load(argv[1]);
    MUST_OK(p11->C_Initialize(NULL));
    MUST_OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session));
    MUST_OK(p11->C_DigestInit(session, &mechanism));
    MUST_OK(p11->C_Digest(session, data, DATA_LEN + 1, digest, &digest_len));
    return 0;
}
