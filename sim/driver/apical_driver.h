// SPDX-License-Identifier: Apache-2.0
/* A driver of the apical core in plain C: what a host does, as accesses to the registers of
 * hw/apical_registers.h. The same source runs on a virtual platform and on a real host. */
#ifndef APICAL_DRIVER_H
#define APICAL_DRIVER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The access layer: how this host reaches a core. On a real one read32 and write32 are volatile loads and stores.
 * wait: returns when the interrupt line is high; null: the driver polls STATUS.
 * stream: hands the core's stream `count` values for INPUT and returns when they are taken; null: the driver writes
 * INPUT itself. */
struct apical_bus {
  void *context;
  uint32_t (*read32)(void *context, uint32_t offset);
  void (*write32)(void *context, uint32_t offset, uint32_t value);
  void (*wait)(void *context);
  void (*stream)(void *context, const int32_t *values, uint32_t count);
};

/* A program as the host writes it: words of the core's memories, then registers. */
struct apical_word {
  uint32_t memory, address, low, high;
};
struct apical_setting {
  uint32_t offset, value;
};
struct apical_image {
  const struct apical_word *words;
  uint32_t word_count;
  const struct apical_setting *settings;
  uint32_t setting_count;
  uint32_t first_output; /* unit address of output 0 */
  uint32_t outputs;
};

/* Zeroes the core and writes the program; enables the interrupt where there is a line. Returns ERRORS, 0 if all is
 * well, or 1 << 31 if no core answers at ID. */
uint32_t apical_load(const struct apical_bus *, const struct apical_image *);
/* Raw values for all units of the input. */
void apical_write_inputs(const struct apical_bus *, const int32_t *values, uint32_t count);
/* Raw targets of all outputs. */
void apical_write_targets(const struct apical_bus *, const struct apical_image *, const int32_t *values);
/* Strength of the nudge, with the fraction bits of the program, 14 or more; 0: the core infers and does not learn from targets. */
void apical_set_beta(const struct apical_bus *, uint32_t beta);
/* Runs one tick to its end. Returns ERRORS. */
uint32_t apical_tick(const struct apical_bus *);
/* The output with the highest voltage; the first of several. */
uint32_t apical_classify(const struct apical_bus *, const struct apical_image *);
/* Words of a memory, their lower 32 bits, from an address on. */
void apical_read_memory(const struct apical_bus *, uint32_t memory, uint32_t address, uint32_t *words, uint32_t count);
void apical_write_memory(const struct apical_bus *, uint32_t memory, uint32_t address, uint32_t value);

#ifdef __cplusplus
}
#endif
#endif
