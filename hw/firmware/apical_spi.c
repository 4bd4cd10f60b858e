// SPDX-License-Identifier: Apache-2.0
#include "apical_spi.h"

void apical_write(uint32_t offset, uint32_t value) {
  uint8_t frame[5];
  frame[0] = (uint8_t)(0x80u | offset / 4u);
  for (int i = 1; i <= 4; ++i) frame[i] = (uint8_t)(value >> (32 - 8 * i));
  apical_spi_exchange(frame, sizeof frame);
}

uint32_t apical_read(uint32_t offset) {
  uint8_t frame[6] = {0}; /* the second byte gives the core time to answer */
  uint32_t value = 0;
  frame[0] = (uint8_t)(offset / 4u);
  apical_spi_exchange(frame, sizeof frame);
  for (int i = 2; i <= 5; ++i) value = value << 8 | frame[i];
  return value;
}

int apical_wait(void) {
  for (uint32_t i = 0; i < APICAL_WAIT_LIMIT; ++i)
    if ((apical_read(APICAL_STATUS) & (APICAL_STATUS_BUSY_MASK | APICAL_STATUS_CLEARING_MASK)) == 0) return 0;
  return -1;
}

int apical_load(const uint32_t* words, uint32_t count) {
  for (uint32_t at = 0; at < count;) {
    const uint32_t head = words[at++];
    if (head == 0 && apical_wait() != 0) return -1;
    for (uint32_t n = head & 0xffffffu; n > 0; --n) apical_write(head >> 24, words[at++]);
  }
  return (int)apical_read(APICAL_ERRORS);
}

static void select_word(uint32_t memory, uint32_t address) {
  apical_write(APICAL_WINDOW_SELECT, memory);
  apical_write(APICAL_WINDOW_ADDRESS, address);
}

void apical_write_memory(uint32_t memory, uint32_t address, const int32_t* values, uint32_t count) {
  select_word(memory, address);
  for (uint32_t i = 0; i < count; ++i) apical_write(APICAL_WINDOW_DATA, (uint32_t)values[i]);
}

void apical_read_memory(uint32_t memory, uint32_t address, int32_t* values, uint32_t count) {
  select_word(memory, address);
  for (uint32_t i = 0; i < count; ++i) values[i] = (int32_t)apical_read(APICAL_WINDOW_DATA);
}

void apical_write_input(const int32_t* raw, uint32_t count) {
  apical_write(APICAL_INPUT_UNIT, 0);
  for (uint32_t i = 0; i < count; ++i) apical_write(APICAL_INPUT, (uint32_t)raw[i]);
}

int apical_tick(void) {
  apical_write(APICAL_CONTROL, APICAL_CONTROL_TICK_MASK);
  return apical_wait();
}

uint32_t apical_weight_address(uint32_t first, uint32_t columns, uint32_t lanes, uint32_t row,
                               uint32_t column) {
  const uint32_t blocks = (columns + lanes - 1) / lanes;
  const uint32_t word = first + (row / lanes * blocks + column / lanes) * lanes + row % lanes;
  return word * lanes + (row + column) % lanes;
}
