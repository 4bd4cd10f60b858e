// SPDX-License-Identifier: Apache-2.0
#include "sim/driver/apical_driver.h"

#include "hw/apical_registers.h"

static uint32_t apical_read32(const struct apical_bus *bus, uint32_t offset) {
  return bus->read32(bus->context, offset);
}
static void apical_write32(const struct apical_bus *bus, uint32_t offset, uint32_t value) {
  bus->write32(bus->context, offset, value);
}

static void point_window(const struct apical_bus *bus, uint32_t memory, uint32_t address) {
  apical_write32(bus, APICAL_WINDOW_SELECT, memory);
  apical_write32(bus, APICAL_WINDOW_ADDRESS, address);
}

uint32_t apical_load(const struct apical_bus *bus, const struct apical_image *image) {
  const uint32_t magic = apical_read32(bus, APICAL_ID) & APICAL_ID_MAGIC_MASK;
  if (magic != 0x617063u << APICAL_ID_MAGIC_SHIFT) return 1u << 31;
  apical_write32(bus, APICAL_CONTROL, APICAL_CONTROL_CLEAR_MASK | APICAL_CONTROL_CLEAR_COUNTERS_MASK);
  while (apical_read32(bus, APICAL_STATUS) & APICAL_STATUS_CLEARING_MASK) {
  }
  uint32_t memory = ~0u, next = 0, high = 0;
  apical_write32(bus, APICAL_WINDOW_HIGH, high);
  for (uint32_t i = 0; i < image->word_count; ++i) {
    const struct apical_word *w = &image->words[i];
    if (w->memory != memory || w->address != next) point_window(bus, w->memory, w->address);
    if (w->high != high) apical_write32(bus, APICAL_WINDOW_HIGH, w->high);
    apical_write32(bus, APICAL_WINDOW_DATA, w->low);
    memory = w->memory;
    next = w->address + 1;
    high = w->high;
  }
  for (uint32_t i = 0; i < image->setting_count; ++i)
    apical_write32(bus, image->settings[i].offset, image->settings[i].value);
  apical_write32(bus, APICAL_TICK, 0);
  /* The line rises at the end of a tick, or at once for an error that would keep a tick from ending. */
  if (bus->wait)
    apical_write32(bus, APICAL_INTERRUPT, APICAL_INTERRUPT_ENABLE_DONE_MASK | APICAL_INTERRUPT_DONE_MASK);
  return apical_read32(bus, APICAL_ERRORS);
}

void apical_write_inputs(const struct apical_bus *bus, const int32_t *values, uint32_t count) {
  apical_write32(bus, APICAL_INPUT_UNIT, 0);
  if (bus->stream) {
    bus->stream(bus->context, values, count);
    return;
  }
  for (uint32_t i = 0; i < count; ++i) apical_write32(bus, APICAL_INPUT, (uint32_t)values[i]);
}

void apical_write_targets(const struct apical_bus *bus, const struct apical_image *image, const int32_t *values) {
  point_window(bus, APICAL_MEMORY_TARGET, image->first_output);
  for (uint32_t i = 0; i < image->outputs; ++i) apical_write32(bus, APICAL_WINDOW_DATA, (uint32_t)values[i]);
}

void apical_set_beta(const struct apical_bus *bus, uint32_t beta) {
  apical_write32(bus, APICAL_BETA, beta);
}

uint32_t apical_tick(const struct apical_bus *bus) {
  apical_write32(bus, APICAL_CONTROL, APICAL_CONTROL_TICK_MASK);
  if (bus->wait) {
    bus->wait(bus->context);
    apical_write32(bus, APICAL_INTERRUPT, APICAL_INTERRUPT_ENABLE_DONE_MASK | APICAL_INTERRUPT_DONE_MASK);
  } else {
    while (apical_read32(bus, APICAL_STATUS) & APICAL_STATUS_BUSY_MASK) {
    }
  }
  return apical_read32(bus, APICAL_ERRORS);
}

void apical_read_memory(const struct apical_bus *bus, uint32_t memory, uint32_t address, uint32_t *words,
                        uint32_t count) {
  point_window(bus, memory, address);
  for (uint32_t i = 0; i < count; ++i) words[i] = apical_read32(bus, APICAL_WINDOW_DATA);
}

void apical_write_memory(const struct apical_bus *bus, uint32_t memory, uint32_t address, uint32_t value) {
  point_window(bus, memory, address);
  apical_write32(bus, APICAL_WINDOW_DATA, value);
}

uint32_t apical_classify(const struct apical_bus *bus, const struct apical_image *image) {
  uint32_t best = 0;
  int32_t highest = INT32_MIN;
  point_window(bus, APICAL_MEMORY_U, image->first_output);
  for (uint32_t i = 0; i < image->outputs; ++i) {
    const int32_t u = (int32_t)apical_read32(bus, APICAL_WINDOW_DATA);
    if (u > highest) {
      highest = u;
      best = i;
    }
  }
  return best;
}
