// SPDX-License-Identifier: Apache-2.0
#ifndef FIRMWARE_H
#define FIRMWARE_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
extern const unsigned firmware_inputs, firmware_targets;
int firmware_start(void); /* 0, or what went wrong */
void firmware_show(const int32_t* input);
void firmware_show_target(const int32_t* target);
void firmware_nudge(uint32_t beta);
void firmware_learning(const uint32_t* eta);
int firmware_tick(void); /* 0, or what went wrong */
void firmware_read_signal(uint32_t memory, uint32_t population, int32_t* values);
unsigned firmware_read_weight_row(uint32_t projection, uint32_t row, int32_t* values); /* its columns */
#ifdef __cplusplus
}
#endif
#endif
