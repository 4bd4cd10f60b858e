// SPDX-License-Identifier: Apache-2.0
/* What a firmware does with a deployment, in plain C: no file, no memory from a heap, no simulator. */
#include "firmware.h"

#include "apical_deployment.h"
#include "apical_spi.h"

const unsigned firmware_inputs = APICAL_INPUT_RATE_UNITS, firmware_targets = APICAL_TARGET_UNITS;

int firmware_start(void) {
  if ((apical_read(APICAL_ID) & APICAL_ID_MAGIC_MASK) >> APICAL_ID_MAGIC_SHIFT != 0x617063u) return -2;
  if (apical_read(APICAL_PARAMETERS) != APICAL_PARAMETERS_OF_THIS) return -3;
  return apical_load(apical_program, APICAL_PROGRAM_WORDS);
}

void firmware_show(const int32_t* input) {
  apical_write_input(input, APICAL_INPUT_RATE_UNITS);
}

void firmware_show_target(const int32_t* target) {
  apical_write_memory(APICAL_TARGET_MEMORY, APICAL_TARGET_ADDRESS, target, APICAL_TARGET_UNITS);
}

void firmware_nudge(uint32_t beta) {
  apical_write(APICAL_BETA, beta);
}

void firmware_learning(const uint32_t* eta) {
  for (uint32_t k = 0; k < APICAL_PROJECTIONS; ++k) {
    const int32_t value = (int32_t)eta[k];
    apical_write_memory(APICAL_MEMORY_DESCRIPTORS, apical_eta_address[k], &value, 1);
  }
}

int firmware_tick(void) {
  const int status = apical_tick();
  return status != 0 ? status : (int)apical_read(APICAL_ERRORS);
}

void firmware_read_signal(uint32_t memory, uint32_t population, int32_t* values) {
  apical_read_memory(memory, apical_first_unit[population], values, apical_units[population]);
}

unsigned firmware_read_weight_row(uint32_t projection, uint32_t row, int32_t* values) {
  for (uint32_t column = 0; column < apical_columns[projection]; ++column)
    apical_read_memory(APICAL_MEMORY_WEIGHTS,
                       apical_weight_address(apical_first_weight[projection], apical_columns[projection],
                                             APICAL_CORE_LANES, row, column),
                       &values[column], 1);
  return apical_columns[projection];
}
