/* bcryptprimitives.dll, which Wine 8 has not, as far as programs in Rust (cryptography's) want it. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)
{
    return RtlGenRandom(data, (ULONG)size);
}
