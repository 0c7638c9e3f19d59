/* A Python from the future, as far as the module looks: preloaded into a host, or opened by it. */
const char *Py_GetVersion(void);

const char *Py_GetVersion(void)
{
    return "3.99.0 (fake)";
}
