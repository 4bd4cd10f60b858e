// SPDX-License-Identifier: Apache-2.0
/* Everything of tools/c/apical.h once, from C99: known values of the quantiser and of a small network.
   Usage: test_c CONFIGURATION */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/c/apical.h"

static int failures = 0;

static void expect(int holds, const char* what, int line) {
  if (holds) return;
  fprintf(stderr, "test_c.c:%d: %s\n", line, what);
  ++failures;
}
#define EXPECT(condition) expect(condition, #condition, __LINE__)

/* A call on a handle, or null for one without. */
static void accepted(apical_emulator* handle, apical_status status, const char* what, int line) {
  expect(status == APICAL_OK, what, line);
  if (status != APICAL_OK) fprintf(stderr, "  %s\n", apical_last_error(handle));
}
static void refused(apical_emulator* handle, apical_status status, const char* message, const char* what, int line) {
  expect(status == APICAL_BAD_INPUT, what, line);
  expect(strcmp(apical_last_error(handle), message) == 0, what, line);
  if (strcmp(apical_last_error(handle), message) != 0) fprintf(stderr, "  %s\n", apical_last_error(handle));
}
#define ACCEPT(handle, call) accepted(handle, call, #call, __LINE__)
#define REFUSE(handle, call, message) refused(handle, call, message, #call, __LINE__)

/* The table of roundings of fixedpoint/README.md: 2.5, -2.5, 3.5, -3.5, 2.7, -2.7 to integers. */
static const double numbers[6] = {2.5, -2.5, 3.5, -3.5, 2.7, -2.7};
static const int rounded[7][6] = {{3, -2, 4, -3, 3, -3}, {2, -2, 3, -3, 3, -3}, {2, -3, 3, -4, 3, -3},
                                  {3, -3, 4, -4, 3, -3}, {2, -2, 4, -4, 3, -3}, {2, -3, 3, -4, 2, -3},
                                  {2, -2, 3, -3, 2, -2}};

static void test_roundings(void) {
  apical_format format = {8, 0, 1, APICAL_RND, APICAL_SAT, 16};
  int64_t raw = 0, many[6];
  int32_t limited = 1;
  int i;
  for (format.rounding = APICAL_RND; format.rounding <= APICAL_TRN_ZERO; ++format.rounding) {
    for (i = 0; i < 6; ++i) {
      ACCEPT(NULL, apical_quantise_real(numbers[i], &format, 0, &raw, &limited));
      EXPECT(raw == rounded[format.rounding][i] && limited == 0);
    }
    for (i = 0; i < 4; ++i) { /* halves are integers with one fraction bit */
      ACCEPT(NULL, apical_quantise((int64_t)(2 * numbers[i]), 1, &format, 0, &raw, NULL));
      EXPECT(raw == rounded[format.rounding][i]);
    }
    ACCEPT(NULL, apical_quantise_reals(numbers, 6, &format, NULL, NULL, many, NULL));
    for (i = 0; i < 6; ++i) EXPECT(many[i] == rounded[format.rounding][i]);
  }
}

static void test_stochastic(void) {
  apical_format format = {8, 0, 1, APICAL_STOCHASTIC, APICAL_SAT, 16};
  const uint16_t random16[6] = {0, 0, 32767, 32768, 65535, 65535};
  const int64_t down_then_up[6] = {2, -3, 3, -3, 3, -2};
  const apical_counter counter = {1, 2, 3, 4, 5};
  uint16_t drawn = 0;
  int64_t raw = 0, many[6], one_by_one;
  int i;
  ACCEPT(NULL, apical_quantise_reals(numbers, 6, &format, random16, NULL, many, NULL));
  for (i = 0; i < 6; ++i) EXPECT(many[i] == down_then_up[i]);
  ACCEPT(NULL, apical_random(&counter, 1, &drawn)); /* the example of fixedpoint/README.md */
  EXPECT(drawn == 0xa5f7);
  ACCEPT(NULL, apical_quantise_reals(numbers, 6, &format, NULL, &counter, many, NULL));
  for (i = 0; i < 6; ++i) {
    apical_counter here = counter;
    here.column += (uint32_t)i;
    ACCEPT(NULL, apical_random(&here, 1, &drawn));
    ACCEPT(NULL, apical_quantise_real(numbers[i], &format, drawn, &one_by_one, NULL));
    EXPECT(many[i] == one_by_one);
  }
  format.random_bits = 1; /* a quarter is half way to the one random bit: it goes up with the bit set */
  ACCEPT(NULL, apical_quantise_real(0.25, &format, 0x7fff, &raw, NULL));
  EXPECT(raw == 0);
  ACCEPT(NULL, apical_quantise_real(0.25, &format, 0x8000, &raw, NULL));
  EXPECT(raw == 1);
  REFUSE(NULL, apical_quantise_reals(numbers, 6, &format, NULL, NULL, many, NULL),
         "random16: null and no counter; accepted: one of the two where rounding is STOCHASTIC");
}

static void test_limits(void) {
  static const int64_t above[4] = {7, 0, 7, -7}, below[4] = {-8, 0, -7, 7};
  apical_format format = {4, 0, 1, APICAL_TRN, APICAL_SAT, 16};
  int64_t x[2] = {9, -9};
  uint8_t limited[2] = {0, 0};
  for (format.overflow = APICAL_SAT; format.overflow <= APICAL_WRAP; ++format.overflow) {
    x[0] = 9;
    x[1] = -9;
    ACCEPT(NULL, apical_quantise_array(x, 2, 0, &format, NULL, NULL, x, limited));
    EXPECT(x[0] == above[format.overflow] && x[1] == below[format.overflow] && limited[0] && limited[1]);
  }
  format.is_signed = 2;
  REFUSE(NULL, apical_quantise(1, 0, &format, 0, x, NULL), "format.is_signed: 2; accepted: a whole number, 0..1");
  REFUSE(NULL, apical_quantise(1, 0, NULL, 0, x, NULL), "format: null; accepted: a pointer to it");
  ACCEPT(NULL, apical_format_parse("{ bits = 8, frac = -4, signed = false, rounding = \"SC_TRN\" }", &format));
  EXPECT(format.bits == 8 && format.frac == -4 && format.is_signed == 0 && format.rounding == APICAL_TRN &&
         format.overflow == APICAL_SAT && format.random_bits == 16);
  REFUSE(NULL, apical_format_parse("{ bits = 99 }", &format), "format: format.bits: 99; accepted: a whole number, 1..62");
  REFUSE(NULL, apical_format_parse("8", &format), "format: 8; accepted: a table, e.g. { bits = 8, frac = 4 }");
}

enum { inputs = 6, hidden = 5, outputs = 3 };
static const char* const small[] = {"network.layers=[6, 5, 3]", "dynamics.scheme=integrated",
                                    "dynamics.flow=lagrangian", "run.seed=7"};

static apical_emulator* open_small(const char* configuration) {
  apical_emulator* handle = NULL;
  ACCEPT(NULL, apical_open(configuration, NULL, small, 4, &handle));
  return handle;
}

static void show(apical_emulator* handle, int tick) {
  double input[inputs], target[outputs];
  int i;
  for (i = 0; i < inputs; ++i) input[i] = (tick * (i + 1) % 8) / 8.0;
  for (i = 0; i < outputs; ++i) target[i] = (tick + i) % 3 == 0;
  ACCEPT(handle, apical_set_input(handle, input, inputs));
  ACCEPT(handle, apical_set_target(handle, target, outputs));
}

static void test_shapes(apical_emulator* handle) {
  int32_t layers = 0, populations = 0, units = 0, projections = 0, rows = 0, columns = 0, source = -1, target = -1;
  const char *name = NULL, *projection = NULL, *notes = NULL;
  apical_format format, step;
  ACCEPT(handle, apical_layers(handle, &layers, &populations));
  ACCEPT(handle, apical_units(handle, 1, &units));
  ACCEPT(handle, apical_layer_name(handle, 1, &name));
  ACCEPT(handle, apical_projections(handle, &projections));
  ACCEPT(handle, apical_projection_name(handle, 1, &projection));
  ACCEPT(handle, apical_projection_ends(handle, 1, &source, &target));
  ACCEPT(handle, apical_rows(handle, 1, &rows));
  ACCEPT(handle, apical_columns(handle, 1, &columns));
  EXPECT(layers == 3 && populations == 3 && units == hidden && projections == 2 && rows == outputs);
  EXPECT(columns == hidden + 1 && source == 1 && target == 2);
  EXPECT(strcmp(name, "layer1") == 0 && strcmp(projection, "W2") == 0);
  ACCEPT(handle, apical_format_of(handle, APICAL_ERROR, 2, &format));
  EXPECT(format.bits == 16 && format.frac == 15 && format.is_signed == 1 && format.rounding == APICAL_RND_CONV);
  ACCEPT(handle, apical_weight_format(handle, 0, &format, &step));
  EXPECT(format.frac == 12 && format.rounding == APICAL_STOCHASTIC && step.bits == 16);
  ACCEPT(handle, apical_notes(handle, &notes));
  EXPECT(notes != NULL);
  REFUSE(handle, apical_units(handle, 3, &units), "layer 3; accepted: 0..2");
  REFUSE(handle, apical_format_of(handle, APICAL_U, 0, &format),
         "signal 2 of layer 0; accepted: 4 (rate), 11 (sent_rate)");
  REFUSE(handle, apical_rows(handle, 0, NULL), "rows: null; accepted: a pointer to it");
}

/* Ticks as a whole beside ticks operation by operation, raw values beside real ones. */
static void test_ticks(apical_emulator* whole, apical_emulator* parts, char digest[APICAL_DIGEST_SIZE]) {
  char other[APICAL_DIGEST_SIZE];
  int32_t count = 0, start = 0, number = 0, learns = 0, decays = 0;
  int64_t raw[inputs], target[outputs];
  uint32_t ticks = 0;
  int tick;
  apical_operation operation;
  const char* text = NULL;
  ACCEPT(parts, apical_operations(parts, &count, &start));
  for (number = 0; number < count; ++number) {
    ACCEPT(parts, apical_operation_at(parts, number, &operation, &text));
    EXPECT(operation.at_start == (number < start));
    learns += operation.code == APICAL_LEARN;
    decays += operation.code == APICAL_DECAY;
  }
  EXPECT(start == 7 && learns == 2 && decays == 2);
  ACCEPT(parts, apical_operation_at(parts, 1, &operation, &text));
  EXPECT(operation.code == APICAL_UPDATE && operation.index == 1 &&
         operation.parts == (APICAL_PART_BASAL | APICAL_PART_START_ERROR));
  EXPECT(strcmp(text, "UPDATE   layer1 basal start-error") == 0);
  ACCEPT(whole, apical_set_nudge(whole, 1.0));
  ACCEPT(parts, apical_set_nudge(parts, 1.0));
  for (tick = 0; tick < 20; ++tick) {
    show(whole, tick);
    ACCEPT(whole, apical_read_raw(whole, APICAL_RATE, 0, raw, inputs));
    ACCEPT(whole, apical_read_raw(whole, APICAL_TARGET, 2, target, outputs));
    ACCEPT(parts, apical_set_input_raw(parts, raw, inputs));
    ACCEPT(parts, apical_set_target_raw(parts, target, outputs));
    if (tick == 15) {
      ACCEPT(whole, apical_set_learning_scale(whole, 0.5));
      ACCEPT(parts, apical_set_learning_scale(parts, 0.5));
    }
    ACCEPT(whole, apical_tick(whole));
    ACCEPT(parts, apical_next_operation(parts, &number));
    EXPECT(number == (tick == 0 ? 0 : start));
    if (tick % 3 == 1) { /* the rest of a tick that was begun */
      ACCEPT(parts, apical_execute(parts, number));
      EXPECT(apical_set_nudge(parts, 1.0) == APICAL_BAD_INPUT);
      ACCEPT(parts, apical_tick(parts));
    } else {
      for (; number < count; ++number) ACCEPT(parts, apical_execute(parts, number));
      ACCEPT(parts, apical_next_operation(parts, &number));
      EXPECT(number == -1);
      ACCEPT(parts, apical_end_tick(parts));
    }
    ACCEPT(whole, apical_digest(whole, digest, APICAL_DIGEST_SIZE));
    ACCEPT(parts, apical_digest(parts, other, sizeof other));
    EXPECT(strlen(digest) == 32 && strcmp(digest, other) == 0);
  }
  ACCEPT(whole, apical_ticks(whole, &ticks));
  EXPECT(ticks == 20);
  REFUSE(parts, apical_execute(parts, 0), "operation 0 (FORWARD  W1); accepted: 7 (DECAY    layer1 mismatch), which is next");
  REFUSE(parts, apical_end_tick(parts),
         "end of tick: operation 7 (DECAY    layer1 mismatch) is missing; accepted: behind the last one");
}

static void test_reading(apical_emulator* handle) {
  double u[outputs], weights[outputs * (hidden + 1)];
  int64_t raw[outputs], raw_weights[outputs * (hidden + 1)];
  int i;
  ACCEPT(handle, apical_read_real(handle, APICAL_U, 2, u, outputs));
  ACCEPT(handle, apical_read_raw(handle, APICAL_U, 2, raw, outputs));
  for (i = 0; i < outputs; ++i) EXPECT(u[i] == ldexp((double)raw[i], -11));
  ACCEPT(handle, apical_read_weights_real(handle, 1, weights, outputs * (hidden + 1)));
  ACCEPT(handle, apical_read_weights_raw(handle, 1, raw_weights, outputs * (hidden + 1)));
  for (i = 0; i < outputs * (hidden + 1); ++i) EXPECT(weights[i] == ldexp((double)raw_weights[i], -12));
  REFUSE(handle, apical_read_raw(handle, APICAL_U, 2, raw, 2), "raw: 2 values; accepted: 3");
  u[1] = NAN;
  REFUSE(handle, apical_set_target(handle, u, outputs), "target[1]: nan; accepted: a finite number");
  raw[2] = -32769;
  REFUSE(handle, apical_set_target_raw(handle, raw, outputs), "target[2]: -32769; accepted: -32768..32767");
  raw_weights[4] = 32768;
  REFUSE(handle, apical_set_weights_raw(handle, 1, raw_weights, outputs * (hidden + 1)),
         "weights[4]: 32768; accepted: -32768..32767");
}

static void test_snapshot(apical_emulator* from, apical_emulator* to) {
  char before[APICAL_DIGEST_SIZE], after[APICAL_DIGEST_SIZE];
  size_t size = 0;
  unsigned char* bytes = NULL;
  int64_t weights[hidden * (inputs + 1)] = {0};
  int tick;
  ACCEPT(from, apical_snapshot_size(from, &size));
  bytes = malloc(size);
  if (bytes == NULL) exit(1);
  ACCEPT(from, apical_snapshot(from, bytes, size));
  ACCEPT(to, apical_set_weights_raw(to, 0, weights, hidden * (inputs + 1)));
  ACCEPT(to, apical_tick(to));
  ACCEPT(to, apical_restore(to, bytes, size));
  for (tick = 0; tick < 10; ++tick) {
    show(from, tick);
    show(to, tick);
    ACCEPT(from, apical_tick(from));
    ACCEPT(to, apical_tick(to));
    ACCEPT(from, apical_digest(from, before, sizeof before));
    ACCEPT(to, apical_digest(to, after, sizeof after));
    EXPECT(strcmp(before, after) == 0);
  }
  bytes[size / 2] ^= 1;
  REFUSE(to, apical_restore(to, bytes, size),
         "snapshot: its checksum is another one: it is damaged; accepted: one as it was taken");
  free(bytes);
}

static void test_opening(const char* configuration) {
  const char* const wrong[] = {"network.layers=[0]"};
  apical_emulator* handle = NULL;
  int32_t layers = 0;
  EXPECT(apical_abi_version() == APICAL_ABI_VERSION && strncmp(apical_version(), "apical ", 7) == 0);
  ACCEPT(NULL, apical_open_text("[network]\nlayers = [4, 3, 2, 1]\n", NULL, NULL, 0, &handle));
  ACCEPT(handle, apical_layers(handle, &layers, NULL));
  EXPECT(layers == 4 && strcmp(apical_last_error(handle), "") == 0);
  ACCEPT(NULL, apical_close(handle));
  ACCEPT(NULL, apical_close(NULL));
  REFUSE(NULL, apical_close(handle), "handle: not open; accepted: one that apical_open() made and nobody closed");
  REFUSE(handle, apical_tick(handle), "handle: not open; accepted: one that apical_open() made and nobody closed");
  REFUSE(NULL, apical_tick(NULL), "handle: null; accepted: one that apical_open() made and nobody closed");
  EXPECT(apical_open(configuration, NULL, wrong, 1, &handle) == APICAL_BAD_INPUT);
  EXPECT(strncmp(apical_last_error(NULL), "overrides: network.layers: ", 27) == 0);
  EXPECT(apical_open("/no/such/file.toml", NULL, NULL, 0, &handle) == APICAL_BAD_INPUT);
  EXPECT(apical_open(configuration, "/no/such/weights.h5", NULL, 0, &handle) == APICAL_BAD_INPUT);
}

int main(int argc, char** argv) {
  char digest[APICAL_DIGEST_SIZE] = "";
  apical_emulator *whole, *parts;
  if (argc != 2) {
    fprintf(stderr, "Usage: test_c CONFIGURATION\n");
    return 2;
  }
  test_roundings();
  test_stochastic();
  test_limits();
  test_opening(argv[1]);
  whole = open_small(argv[1]);
  parts = open_small(argv[1]);
  test_shapes(whole);
  test_ticks(whole, parts, digest);
  /* test_c_machines says the same of the C++ emulator. */
  EXPECT(strcmp(digest, "dcf92df58d85c380d515ac4c854d4cbe") == 0);
  test_reading(whole);
  test_snapshot(whole, parts);
  ACCEPT(NULL, apical_close(whole));
  ACCEPT(NULL, apical_close(parts));
  printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
