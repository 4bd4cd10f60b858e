// SPDX-License-Identifier: Apache-2.0
/* A host's side of the core behind SPI (hw/rtl/apical_spi.sv), in C99: what firmware does, in exchanges of
   bytes. What a deployment needs beside it (program, sizes, addresses) is in the apical_deployment.h of its
   folder. */
#ifndef APICAL_SPI_H
#define APICAL_SPI_H
#include <stdint.h>

#include "apical_registers.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Yours: selects the core, exchanges `count` bytes in SPI mode 0, most significant bit first, at most a
   quarter of the core's clock fast, writes what came back over `bytes`, deselects. */
void apical_spi_exchange(uint8_t* bytes, unsigned count);

/* One register; offsets are those of apical_registers.h. */
void apical_write(uint32_t offset, uint32_t value);
uint32_t apical_read(uint32_t offset);

/* Waits while a tick runs or memories are cleared. 0, or -1 after APICAL_WAIT_LIMIT looks at STATUS. */
#ifndef APICAL_WAIT_LIMIT
#define APICAL_WAIT_LIMIT 10000000u
#endif
int apical_wait(void);

/* Writes a program: words of apical_deployment.h, (register offset << 24 | n) followed by n values for that
   register, 0 for apical_wait(). 0; -1 if a wait does not end; else the bits of ERRORS. */
int apical_load(const uint32_t* words, uint32_t count);

/* Consecutive words of a memory, 32 bits or fewer, sign-extended. Only between ticks. */
void apical_write_memory(uint32_t memory, uint32_t address, const int32_t* values, uint32_t count);
void apical_read_memory(uint32_t memory, uint32_t address, int32_t* values, uint32_t count);

/* Raw values of the input population, units 0 .. count - 1: what does not change costs no work. */
void apical_write_input(const int32_t* raw, uint32_t count);

/* Starts a tick and waits for its end: as apical_wait(). */
int apical_tick(void);

/* Address of weight (row, column) of a matrix in the memory of weights; `first` as in the deployment's table.
 */
uint32_t apical_weight_address(uint32_t first, uint32_t columns, uint32_t lanes, uint32_t row,
                               uint32_t column);

#ifdef __cplusplus
}
#endif
#endif
