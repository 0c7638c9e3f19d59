/* Modular exponentiation by GMP, for the verification of signatures. */
#include <gmp.h>
#include <string.h>

/*
 * number ^ exponent mod modulus, in place of the number; both big-endian and of that length, the modulus not 0. For
 * public numbers only: the time it takes tells them.
 */
static void modular_power(unsigned char *number, unsigned long exponent, const unsigned char *modulus, size_t length)
{
    mpz_t power, divisor;
    size_t used;

    mpz_inits(power, divisor, NULL);
    mpz_import(power, length, 1, 1, 1, 0, number);
    mpz_import(divisor, length, 1, 1, 1, 0, modulus);
    mpz_powm_ui(power, power, exponent, divisor);
    used = (mpz_sizeinbase(power, 2) + 7) / 8;
    memset(number, 0, length);
    if (mpz_sgn(power) != 0)
        mpz_export(number + length - used, NULL, 1, 1, 1, 0, power);
    mpz_clears(power, divisor, NULL);
}
