// The registers of the board, named as in the data sheets.
#pragma once

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t*)(address))

// APB UART of the Cortex-M System Design Kit.
#define UART0_DATA REGISTER(0x40004000)
#define UART0_STATE REGISTER(0x40004004)
#define UART0_CTRL REGISTER(0x40004008)
#define UART0_INTCLEAR REGISTER(0x4000400c)
#define UART0_BAUDDIV REGISTER(0x40004010)
enum { CTRL_TX_ENABLE = 1, CTRL_RX_ENABLE = 2, CTRL_RX_INTERRUPT = 8, INT_RX = 2 };

// ARMv6-M Architecture Reference Manual, B3.2 to B3.4.
#define SYST_CSR REGISTER(0xe000e010)
#define SYST_RVR REGISTER(0xe000e014)
#define SYST_CVR REGISTER(0xe000e018)
#define NVIC_ISER REGISTER(0xe000e100)
enum { SYST_ENABLE = 1, SYST_TICKINT = 2, SYST_CLKSOURCE = 4, UARTRX0_IRQ = 0 };
