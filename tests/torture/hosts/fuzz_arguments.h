/* Arguments of the fuzzer's calls, by the types and names of the parameters. */
#ifndef FUZZ_ARGUMENTS_H
#define FUZZ_ARGUMENTS_H

#include "fuzz.h"

/* ---- what the functions take ---- */

static word session(void)
{
    if (percent(70))
        return sessions[0];
    return percent(90) ? ONE_OF(sessions) + (percent(10) ? 1 : 0) : number();
}

static word object(void)
{
    if (percent(60))
        return objects[below(RIGHT)];
    return percent(90) ? ONE_OF(objects) + (percent(10) ? 1 : 0) : number();
}

static word slot(void)
{
    return percent(60) ? 0 : percent(70) ? 1 : number();
}

static word mechanism_type(void)
{
    static const word choices[] = {CKM_RSA_PKCS, CKM_SHA1_RSA_PKCS, CKM_SHA224_RSA_PKCS, CKM_SHA256_RSA_PKCS,
        CKM_SHA384_RSA_PKCS, CKM_SHA512_RSA_PKCS, CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS, CKM_RSA_PKCS_OAEP,
        CKM_SHA_1, CKM_SHA256, CKM_SHA384, CKM_RSA_X_509, CKM_ECDSA, CKM_AES_CBC};

    static word last;

    if (percent(60))
        last = percent(95) ? ONE_OF(choices) : number();
    return last;
}

static void fill_pss(CK_RSA_PKCS_PSS_PARAMS *pss)
{
    *pss = (CK_RSA_PKCS_PSS_PARAMS){CKM_SHA256, CKG_MGF1_SHA256, 32};
    if (percent(30))
        pss->sLen = number();
    if (percent(10))
        pss->hashAlg = mechanism_type();
    if (percent(10))
        pss->mgf = number();
}

static void fill_oaep(CK_RSA_PKCS_OAEP_PARAMS *oaep)
{
    word label;

    *oaep = (CK_RSA_PKCS_OAEP_PARAMS){CKM_SHA_1, CKG_MGF1_SHA1, 1, NULL, 0};
    if (percent(50))
        return;
    label = some_bytes(1);
    oaep->pSourceData = (void *)label;
    oaep->ulSourceDataLen = percent(80) ? length(pending) : wild();
    oaep->hashAlg = percent(80) ? CKM_SHA256 : number();
    oaep->source = percent(90) ? below(2) : number();
}

/* The structure has the size that is said; another size is said only where it is refused unread. */
static word mechanism(void)
{
    CK_MECHANISM *made = (CK_MECHANISM *)memory(sizeof *made);
    bool is_pss, is_oaep;

    *made = (CK_MECHANISM){mechanism_type(), NULL, 0};
    is_pss = made->mechanism == CKM_RSA_PKCS_PSS || made->mechanism == CKM_SHA256_RSA_PKCS_PSS;
    is_oaep = made->mechanism == CKM_RSA_PKCS_OAEP;
    if (percent(90) ? is_pss || is_oaep : percent(50)) {
        made->ulParameterLen = is_oaep ? sizeof(CK_RSA_PKCS_OAEP_PARAMS) : sizeof(CK_RSA_PKCS_PSS_PARAMS);
        made->pParameter = memory(made->ulParameterLen);
        if (is_oaep)
            fill_oaep(made->pParameter);
        else
            fill_pss(made->pParameter);
    }
    if (percent(10))
        made->ulParameterLen = made->pParameter == NULL ? number() : wild();
    return pass((CK_BYTE *)made, 0);
}

static word attribute_type(void)
{
    static const word choices[] = {CKA_CLASS, CKA_TOKEN, CKA_PRIVATE, CKA_LABEL, CKA_APPLICATION, CKA_VALUE,
        CKA_OBJECT_ID, CKA_CERTIFICATE_TYPE, CKA_ISSUER, CKA_SERIAL_NUMBER, CKA_TRUSTED, CKA_CHECK_VALUE, CKA_KEY_TYPE,
        CKA_SUBJECT, CKA_ID, CKA_SENSITIVE, CKA_ENCRYPT, CKA_SIGN, CKA_VERIFY, CKA_DERIVE, CKA_START_DATE, CKA_END_DATE,
        CKA_MODULUS, CKA_MODULUS_BITS, CKA_PUBLIC_EXPONENT, CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_EXTRACTABLE,
        CKA_LOCAL, CKA_MODIFIABLE, CKA_COPYABLE, CKA_DESTROYABLE, CKA_ALWAYS_AUTHENTICATE, CKA_ALLOWED_MECHANISMS,
        0x129 /* CKA_PUBLIC_KEY_INFO */, 4 /* CKA_UNIQUE_ID */, 0x40000600 /* an array */};

    return percent(95) ? ONE_OF(choices) : number();
}

static void fill_attribute(CK_ATTRIBUTE *made, word type, const void *value, word size)
{
    CK_BYTE *copy = memory(size);

    memcpy(copy, value, size);
    *made = (CK_ATTRIBUTE){type, copy, size};
}

static void fill_any_attribute(CK_ATTRIBUTE *made)
{
    word value = percent(80) ? below(5) : number();

    if (percent(50)) {
        fill_attribute(made, attribute_type(), &value, percent(50) ? sizeof value : 1);
    } else {
        made->type = attribute_type();
        made->pValue = (void *)some_bytes(1);
        made->ulValueLen = length(pending);
    }
    if (percent(5)) {
        made->pValue = percent(50) ? NULL : memory(PLACE_LEN);
        made->ulValueLen = wild();
    }
}

/* Templates that something is made of or found by. */
static word known_template(CK_ATTRIBUTE *made)
{
    static const word classes[] = {CKO_DATA, CKO_CERTIFICATE, CKO_PUBLIC_KEY, CKO_PUBLIC_KEY, CKO_PRIVATE_KEY,
        CKO_PRIVATE_KEY, CKO_PRIVATE_KEY};
    static const CK_BYTE exponent[] = {1, 0, 1};
    word class = ONE_OF(classes), type = 0;
    CK_BYTE modulus[SIGNATURE_LEN];

    fill_attribute(made, CKA_CLASS, &class, sizeof class);
    if (class == CKO_PUBLIC_KEY && percent(70)) {
        memset(modulus, 0xC5, sizeof modulus);
        fill_attribute(made + 1, CKA_KEY_TYPE, &type, sizeof type);
        fill_attribute(made + 2, CKA_MODULUS, modulus, percent(80) ? sizeof modulus : below(sizeof modulus));
        fill_attribute(made + 3, CKA_PUBLIC_EXPONENT, exponent, sizeof exponent);
        return 4;
    }
    return 1;
}

static word template(void)
{
    CK_ATTRIBUTE *made = (CK_ATTRIBUTE *)memory(MAX_ROWS * sizeof *made);
    word count = percent(40) ? known_template(made) : 0;

    memmove(made + MAX_ROWS - count, made, count * sizeof *made);
    while (count < MAX_ROWS && percent(count == 0 ? 90 : 30))
        fill_any_attribute(made + MAX_ROWS - ++count);
    return pass((CK_BYTE *)(made + MAX_ROWS - count), count);
}

static word pin(void)
{
    static const char *const choices[] = {"1234", "1234", "1234", "ABC123", "ABC123", "abc123", "0000", "12", "ABCDEF",
        "\xE3\x81\x82\xE3\x81\x84", "12345678901234567", ""};
    const char *text = ONE_OF(choices);
    CK_BYTE *copy = memory(strlen(text));

    memcpy(copy, text, strlen(text));
    return percent(95) ? pass(copy, strlen(text)) : some_bytes(1);
}

static word interface_name(void)
{
    static const char *const choices[] = {"PKCS 11", "PKCS 11", "PKCS 1", "PKCS 111", "", "Vendor"};
    const char *text = ONE_OF(choices);
    CK_BYTE *copy = memory(strlen(text) + 1);

    memcpy(copy, text, strlen(text) + 1);
    return pass(copy, 0);
}

static word version(void)
{
    static const CK_VERSION choices[] = {{2, 40}, {3, 0}, {3, 1}, {3, 2}, {0, 0}, {255, 255}};
    CK_BYTE *copy = memory(sizeof *choices);

    memcpy(copy, &ONE_OF(choices), sizeof *choices);
    return percent(50) ? pass(copy, 0) : 0;
}

/* The mutexes are ours to give and nobody's to use, so they may point anywhere. */
static word initialize_arguments(void)
{
    CK_C_INITIALIZE_ARGS *made = (CK_C_INITIALIZE_ARGS *)memory(sizeof *made);

    memset(made, 0, sizeof *made);
    made->flags = percent(80) ? below(4) : number();
    if (percent(20))
        memset(made, 0x5A, 4 * sizeof made->CreateMutex);
    if (percent(10))
        memset((CK_BYTE *)made + 8 * below(5), 0x5A, 8);
    return percent(60) ? 0 : pass((CK_BYTE *)made, 0);
}

static word flags(void)
{
    if (strcmp(current->name, "C_WaitForSlotEvent") == 0)
        return CKF_DONT_BLOCK | (percent(50) ? 0 : chance());
    if (strcmp(current->name, "C_GetInterface") == 0 && percent(70))
        return 0;
    return percent(90) ? CKF_SERIAL_SESSION | (percent(70) ? CKF_RW_SESSION : 0) : number();
}

static word user_type(void)
{
    return percent(80) ? CKU_USER : percent(80) ? CKU_CONTEXT_SPECIFIC : number();
}

/* The length or count of what was passed before; a wild one, which is not read or fits a place of the arena. */
static word given_length(void)
{
    return is_null ? number() : length(pending);
}

static word length_pointer(void)
{
    word *made = (word *)memory(sizeof *made);

    *made = is_null ? number() : length(pending);
    return pass((CK_BYTE *)made, 0);
}

/* Only a search gives many. */
static word handles(void)
{
    return strcmp(current->name, "C_FindObjects") == 0 ? some_bytes(sizeof(word)) : pass(memory(sizeof(word)), 1);
}

/* ---- which of them for which parameter ---- */

static const struct {
    const char *type, *name; /* a part of the name */
    word (*make)(void);
    size_t size; /* of what is only written, instead of `make` */
    word unit;   /* of arrays */
} makers[] = {
    {"CK_SESSION_HANDLE", "", session, 0, 0},
    {"CK_OBJECT_HANDLE", "", object, 0, 0},
    {"CK_SLOT_ID", "", slot, 0, 0},
    {"CK_FLAGS", "", flags, 0, 0},
    {"CK_USER_TYPE", "", user_type, 0, 0},
    {"CK_MECHANISM_TYPE", "", mechanism_type, 0, 0},
    {"CK_MECHANISM_PTR", "", mechanism, 0, 0},
    {"CK_ATTRIBUTE_PTR", "", template, 0, 0},
    {"CK_UTF8CHAR_PTR", "Pin", pin, 0, 0},
    {"CK_UTF8CHAR_PTR", "pInterfaceName", interface_name, 0, 0},
    {"CK_VERSION_PTR", "", version, 0, 0},
    {"CK_VOID_PTR", "pInitArgs", initialize_arguments, 0, 0},
    {"CK_ULONG", "", given_length, 0, 0},
    {"CK_ULONG_PTR", "Len", length_pointer, 0, 0},
    {"CK_ULONG_PTR", "pulCount", length_pointer, 0, 0},
    {"CK_ULONG_PTR", "", NULL, sizeof(word), 0},
    {"CK_FLAGS_PTR", "", NULL, sizeof(word), 0},
    {"CK_SESSION_HANDLE_PTR", "", NULL, sizeof(word), 0},
    {"CK_OBJECT_HANDLE_PTR", "", handles, 0, 0},
    {"CK_SLOT_ID_PTR", "pSlotList", NULL, 0, sizeof(word)},
    {"CK_SLOT_ID_PTR", "", NULL, sizeof(word), 0},
    {"CK_MECHANISM_TYPE_PTR", "", NULL, 0, sizeof(word)},
    {"CK_INTERFACE_PTR", "", NULL, 0, sizeof(struct interface)},
    {"CK_INTERFACE_PTR_PTR", "", NULL, sizeof(void *), 0},
    {"CK_FUNCTION_LIST_PTR_PTR", "", NULL, sizeof(void *), 0},
    {"CK_INFO_PTR", "", NULL, sizeof(CK_INFO), 0},
    {"CK_SLOT_INFO_PTR", "", NULL, sizeof(CK_SLOT_INFO), 0},
    {"CK_TOKEN_INFO_PTR", "", NULL, sizeof(CK_TOKEN_INFO), 0},
    {"CK_SESSION_INFO_PTR", "", NULL, sizeof(CK_SESSION_INFO), 0},
    {"CK_MECHANISM_INFO_PTR", "", NULL, sizeof(CK_MECHANISM_INFO), 0},
    {"CK_BYTE_PTR", "", NULL, 0, 1},
    {"CK_UTF8CHAR_PTR", "", NULL, 0, 1},
    {"CK_VOID_PTR", "pParameter", NULL, 0, 1},
};

static word argument(const char *type, const char *name)
{
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        if (strcmp(makers[i].type, type) != 0 || strstr(name, makers[i].name) == NULL)
            continue;
        if (makers[i].make != NULL)
            return makers[i].make();
        return makers[i].size != 0 ? pass(memory(makers[i].size), 1) : some_bytes(makers[i].unit);
    }
    return percent(80) ? 0 : number(); /* what nobody follows: reserved, the application's own, a callback */
}

/* Wild lengths beside memory: it is larger than anything the module would write or look at before it refuses. */
static void make_wild(const struct row *row, word *arguments)
{
    int i = (int)below((word)row->count);
    bool is_length = i > 0 && strstr(row->names[i], "Len") != NULL;
    bool is_count = i > 0 && strstr(row->names[i], "Count") != NULL && strcmp(row->names[i], "pulObjectCount") != 0;

    if ((!is_length && !is_count) || arguments[i] == 0 || strstr(row->types[i - 1], "_PTR") == NULL)
        return;
    arguments[i - 1] = (word)memory(PLACE_LEN);
    memset((void *)arguments[i - 1], 0x5A, 16);
    if (strcmp(row->types[i], "CK_ULONG") == 0)
        arguments[i] = wild();
    else
        *(word *)arguments[i] = wild();
}

#endif
