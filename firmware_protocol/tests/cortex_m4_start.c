/* From reset to main on an emulated Cortex-M4; printing and leaving go through semihosting. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern uint32_t data_from[], data_begin[], data_end[], __bss_start__[], __bss_end__[], __stack[];
extern void initialise_monitor_handles(void);
extern int main(void);
void reset(void);
void stuck(void);
void _init(void); /* the library's exit wants both; there is nothing to begin or to end */
void _fini(void);

void _init(void) {}
void _fini(void) {}

void stuck(void)
{
    _Exit(3); /* a fault of the processor */
}

void reset(void)
{
    memcpy(data_begin, data_from, (size_t)((uint8_t *)data_end - (uint8_t *)data_begin));
    memset(__bss_start__, 0, (size_t)((uint8_t *)__bss_end__ - (uint8_t *)__bss_start__));
    initialise_monitor_handles();
    exit(main());
}

typedef void (*vector)(void);
__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    (vector)(uintptr_t)__stack, reset, stuck, stuck, stuck, stuck, stuck,
};
