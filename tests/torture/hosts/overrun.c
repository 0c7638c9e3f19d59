/* A program that says its PIN is a byte longer than it is, for the tests of the tests. Usage: overrun MODULE */
#include "host.h"

enum { PIN_LEN = 16 };

int main(int argc, char **argv)
{
    CK_BYTE *pin = calloc(1, PIN_LEN);
    CK_SESSION_HANDLE session;

    MUST(argc == 2 && pin != NULL);
    load(argv[1]);
    MUST_OK(p11->C_Initialize(NULL));
    MUST_OK(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session));
    MUST_BE(CKR_PIN_LEN_RANGE, p11->C_Login(session, CKU_USER, pin, PIN_LEN + 1));
    return 0;
}
