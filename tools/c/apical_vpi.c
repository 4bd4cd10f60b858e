/* SPDX-License-Identifier: Apache-2.0 */
/* apical.h for Icarus Verilog, and any simulator with VPI and without DPI: the calls of apical_dpi.sv as
   system functions with the same names and arguments behind a $, `status = $apical_tick(emulator);`. Built as
   apical.vpi: vvp -M build -m apical yours.vvp An emulator is 64 bits (reg [63:0]); numbers have any width
   and are extended by their sign where they are signed; arrays are memories, read and written in the order of
   their numbers; a text that comes back is a reg of 8 bits a character. $apical_version and
   $apical_last_error(emulator) are such texts themselves. x and z are bad input. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <vpi_user.h>

#include "apical_overrides.h"
#include "apical_vpi_values.h"

enum { MOST_ARGUMENTS = 6 };

typedef struct {
  const char* name;
  /* A letter per argument, capital where it comes out: e an emulator, n a number, d a real, s a text; of
     arrays q raw, r reals, i 32-bit numbers, b bytes. */
  const char* kinds;
  int (*call)(argument*);
} call;

#define EMULATOR(a) ((apical_emulator*)(intptr_t)(a).number)
#define INT(a) ((int32_t)(a).number)
#define OUT_INTS(expression, ...) /* one or two 32-bit results */               \
  int32_t x[2] = {0, 0};                                                        \
  const int status = (expression);                                              \
  int32_t k = 0;                                                                \
  argument* const out[] = {__VA_ARGS__};                                        \
  for (; k < (int32_t)(sizeof out / sizeof out[0]); ++k) out[k]->number = x[k]; \
  return status

static const apical_format* format_in(const argument* a) {
  return a->count == 6 ? (const apical_format*)a->array : NULL;
}
static apical_format* format_out(argument* a) { return a->count == 6 ? (apical_format*)a->array : NULL; }
static int counter_in(const argument* a, apical_counter* counter) {
  const int32_t* const c = (const int32_t*)a->array;
  const apical_counter made = {0, 0, 0, 0, 0};
  *counter = made;
  if (a->count != 5) return 0;
  counter->seed = (uint32_t)c[0];
  counter->tick = (uint32_t)c[1];
  counter->stream = (uint32_t)c[2];
  counter->row = (uint32_t)c[3];
  counter->column = (uint32_t)c[4];
  return 1;
}

static int abi_version(argument* a) {
  (void)a;
  return (int)apical_abi_version();
}
static int format_parse(argument* a) { return apical_format_parse(a[0].text, format_out(&a[1])); }
static int quantise(argument* a) {
  int32_t limited = 0;
  const int status = apical_quantise(a[0].number, INT(a[1]), format_in(&a[2]), (uint32_t)a[3].number,
                                     &a[4].number, &limited);
  a[5].number = limited;
  return status;
}
static int quantise_real(argument* a) {
  int32_t limited = 0;
  const int status =
      apical_quantise_real(a[0].real, format_in(&a[1]), (uint32_t)a[2].number, &a[3].number, &limited);
  a[4].number = limited;
  return status;
}
static int quantise_array(argument* a) {
  if (a[0].count != a[3].count) return APICAL_BAD_INPUT;
  return apical_quantise_array(a[0].array, a[0].count, INT(a[1]), format_in(&a[2]), NULL, NULL, a[3].array,
                               NULL);
}
static int quantise_drawn(argument* a) {
  apical_counter counter;
  if (!counter_in(&a[3], &counter) || a[0].count != a[4].count) return APICAL_BAD_INPUT;
  return apical_quantise_array(a[0].array, a[0].count, INT(a[1]), format_in(&a[2]), NULL, &counter,
                               a[4].array, NULL);
}
static int random_bits(argument* a) {
  apical_counter counter;
  size_t i;
  if (!counter_in(&a[0], &counter)) return APICAL_BAD_INPUT;
  for (i = 0; i < a[1].count; ++i, ++counter.column) {
    uint16_t one = 0;
    const int status = apical_random(&counter, 1, &one);
    if (status != APICAL_OK) return status;
    ((int32_t*)a[1].array)[i] = one;
  }
  return APICAL_OK;
}

static int opened(apical_opener* opener, argument* a) {
  apical_emulator* emulator = NULL;
  const int status = apical_open_listed(opener, a[0].text, a[1].text, a[2].text, &emulator);
  a[3].number = (int64_t)(intptr_t)emulator;
  return status;
}
static int open_file(argument* a) { return opened(apical_open, a); }
static int open_text(argument* a) { return opened(apical_open_text, a); }
static int close_emulator(argument* a) { return apical_close(EMULATOR(a[0])); }
static int notes(argument* a) { return apical_notes(EMULATOR(a[0]), &a[1].text); }
static int layers(argument* a) { OUT_INTS(apical_layers(EMULATOR(a[0]), &x[0], &x[1]), &a[1], &a[2]); }
static int units(argument* a) { OUT_INTS(apical_units(EMULATOR(a[0]), INT(a[1]), &x[0]), &a[2]); }
static int layer_name(argument* a) { return apical_layer_name(EMULATOR(a[0]), INT(a[1]), &a[2].text); }
static int projections(argument* a) { OUT_INTS(apical_projections(EMULATOR(a[0]), &x[0]), &a[1]); }
static int projection_name(argument* a) {
  return apical_projection_name(EMULATOR(a[0]), INT(a[1]), &a[2].text);
}
static int projection_ends(argument* a) {
  OUT_INTS(apical_projection_ends(EMULATOR(a[0]), INT(a[1]), &x[0], &x[1]), &a[2], &a[3]);
}
static int rows(argument* a) { OUT_INTS(apical_rows(EMULATOR(a[0]), INT(a[1]), &x[0]), &a[2]); }
static int columns(argument* a) { OUT_INTS(apical_columns(EMULATOR(a[0]), INT(a[1]), &x[0]), &a[2]); }
static int format_of(argument* a) {
  return apical_format_of(EMULATOR(a[0]), INT(a[1]), INT(a[2]), format_out(&a[3]));
}
static int weight_format(argument* a) {
  if (a[2].count != 6 || a[3].count != 6) return APICAL_BAD_INPUT;
  return apical_weight_format(EMULATOR(a[0]), INT(a[1]), format_out(&a[2]), format_out(&a[3]));
}
static int set_input(argument* a) { return apical_set_input(EMULATOR(a[0]), a[1].array, a[1].count); }
static int set_input_raw(argument* a) { return apical_set_input_raw(EMULATOR(a[0]), a[1].array, a[1].count); }
static int set_target(argument* a) { return apical_set_target(EMULATOR(a[0]), a[1].array, a[1].count); }
static int set_target_raw(argument* a) {
  return apical_set_target_raw(EMULATOR(a[0]), a[1].array, a[1].count);
}
static int set_nudge(argument* a) { return apical_set_nudge(EMULATOR(a[0]), a[1].real); }
static int set_learning_scale(argument* a) { return apical_set_learning_scale(EMULATOR(a[0]), a[1].real); }
static int tick(argument* a) { return apical_tick(EMULATOR(a[0])); }
static int ticks(argument* a) {
  uint32_t count = 0;
  const int status = apical_ticks(EMULATOR(a[0]), &count);
  a[1].number = count;
  return status;
}
static int operations(argument* a) {
  OUT_INTS(apical_operations(EMULATOR(a[0]), &x[0], &x[1]), &a[1], &a[2]);
}
static int operation_at(argument* a) {
  if (a[2].count != 4) return APICAL_BAD_INPUT;
  return apical_operation_at(EMULATOR(a[0]), INT(a[1]), (apical_operation*)a[2].array, &a[3].text);
}
static int next_operation(argument* a) { OUT_INTS(apical_next_operation(EMULATOR(a[0]), &x[0]), &a[1]); }
static int execute(argument* a) { return apical_execute(EMULATOR(a[0]), INT(a[1])); }
static int end_tick(argument* a) { return apical_end_tick(EMULATOR(a[0])); }
static int read_raw(argument* a) {
  return apical_read_raw(EMULATOR(a[0]), INT(a[1]), INT(a[2]), a[3].array, a[3].count);
}
static int read_real(argument* a) {
  return apical_read_real(EMULATOR(a[0]), INT(a[1]), INT(a[2]), a[3].array, a[3].count);
}
static int read_weights_raw(argument* a) {
  return apical_read_weights_raw(EMULATOR(a[0]), INT(a[1]), a[2].array, a[2].count);
}
static int read_weights_real(argument* a) {
  return apical_read_weights_real(EMULATOR(a[0]), INT(a[1]), a[2].array, a[2].count);
}
static int set_weights_raw(argument* a) {
  return apical_set_weights_raw(EMULATOR(a[0]), INT(a[1]), a[2].array, a[2].count);
}
static int digest(argument* a) {
  static char text[APICAL_DIGEST_SIZE];
  a[1].text = text;
  return apical_digest(EMULATOR(a[0]), text, sizeof text);
}
static int snapshot_size(argument* a) {
  size_t bytes = 0;
  const int status = apical_snapshot_size(EMULATOR(a[0]), &bytes);
  a[1].number = (int64_t)bytes;
  return status;
}
static int snapshot(argument* a) { return apical_snapshot(EMULATOR(a[0]), a[1].array, a[1].count); }
static int restore(argument* a) { return apical_restore(EMULATOR(a[0]), a[1].array, a[1].count); }

static const call calls[] = {
    {"$apical_abi_version", "", abi_version},
    {"$apical_format_parse", "sI", format_parse},
    {"$apical_quantise", "nninNN", quantise},
    {"$apical_quantise_real", "dinNN", quantise_real},
    {"$apical_quantise_array", "qniQ", quantise_array},
    {"$apical_quantise_drawn", "qniiQ", quantise_drawn},
    {"$apical_random", "iI", random_bits},
    {"$apical_open", "sssE", open_file},
    {"$apical_open_text", "sssE", open_text},
    {"$apical_close", "e", close_emulator},
    {"$apical_notes", "eS", notes},
    {"$apical_layers", "eNN", layers},
    {"$apical_units", "enN", units},
    {"$apical_layer_name", "enS", layer_name},
    {"$apical_projections", "eN", projections},
    {"$apical_projection_name", "enS", projection_name},
    {"$apical_projection_ends", "enNN", projection_ends},
    {"$apical_rows", "enN", rows},
    {"$apical_columns", "enN", columns},
    {"$apical_format_of", "ennI", format_of},
    {"$apical_weight_format", "enII", weight_format},
    {"$apical_set_input", "er", set_input},
    {"$apical_set_input_raw", "eq", set_input_raw},
    {"$apical_set_target", "er", set_target},
    {"$apical_set_target_raw", "eq", set_target_raw},
    {"$apical_set_nudge", "ed", set_nudge},
    {"$apical_set_learning_scale", "ed", set_learning_scale},
    {"$apical_tick", "e", tick},
    {"$apical_ticks", "eN", ticks},
    {"$apical_operations", "eNN", operations},
    {"$apical_operation_at", "enIS", operation_at},
    {"$apical_next_operation", "eN", next_operation},
    {"$apical_execute", "en", execute},
    {"$apical_end_tick", "e", end_tick},
    {"$apical_read_raw", "ennQ", read_raw},
    {"$apical_read_real", "ennR", read_real},
    {"$apical_read_weights_raw", "enQ", read_weights_raw},
    {"$apical_read_weights_real", "enR", read_weights_real},
    {"$apical_set_weights_raw", "enq", set_weights_raw},
    {"$apical_digest", "eS", digest},
    {"$apical_snapshot_size", "eN", snapshot_size},
    {"$apical_snapshot", "eB", snapshot},
    {"$apical_restore", "eb", restore},
};

static PLI_INT32 run(PLI_BYTE8* data) {
  const call* const c = (const call*)(void*)data;
  const vpiHandle here = vpi_handle(vpiSysTfCall, NULL);
  const vpiHandle list = vpi_iterate(vpiArgument, here);
  const size_t count = strlen(c->kinds);
  argument a[MOST_ARGUMENTS];
  s_vpi_value status;
  size_t i, taken = 0;
  memset(a, 0, sizeof a);
  status.format = vpiIntVal;
  status.value.integer = APICAL_BAD_INPUT;
  for (i = 0; i < count; ++i) a[i].handle = vpi_scan(list);
  if (count > 0) vpi_scan(list); /* frees it */
  for (; taken < count; ++taken)
    if (!take_argument(&a[taken], c->kinds[taken])) {
      vpi_printf("%s: argument %d isn't what apical_vpi.c accepts there (x and z neither)\n", c->name,
                 (int)taken + 1);
      break;
    }
  if (taken == count) status.value.integer = c->call(a);
  for (i = 0; i < count; ++i) {
    if (taken == count && status.value.integer == APICAL_OK && is_out(c->kinds[i]))
      give_argument(&a[i], c->kinds[i]);
    free(a[i].array);
    if (c->kinds[i] == 's') free((void*)(intptr_t)a[i].text);
  }
  vpi_put_value(here, &status, NULL, vpiNoDelay);
  return 0;
}

/* Mistakes in the number of arguments end the compilation. */
static PLI_INT32 check(PLI_BYTE8* data) {
  const call* const c = (const call*)(void*)data;
  const vpiHandle list = vpi_iterate(vpiArgument, vpi_handle(vpiSysTfCall, NULL));
  size_t count = 0;
  while (list != NULL && vpi_scan(list) != NULL) ++count;
  if (count == strlen(c->kinds)) return 0;
  vpi_printf("%s: %d arguments; accepted: %d (apical_dpi.sv)\n", c->name, (int)count, (int)strlen(c->kinds));
  vpi_control(vpiFinish, 1);
  return 0;
}

static PLI_INT32 text_size(PLI_BYTE8* data) {
  (void)data;
  return 8 * APICAL_TEXT_BYTES;
}
static PLI_INT32 version(PLI_BYTE8* data) {
  (void)data;
  put_text(vpi_handle(vpiSysTfCall, NULL), apical_version());
  return 0;
}
static PLI_INT32 last_error(PLI_BYTE8* data) {
  const vpiHandle here = vpi_handle(vpiSysTfCall, NULL);
  const vpiHandle list = vpi_iterate(vpiArgument, here);
  int64_t number = 0;
  (void)data;
  if (list != NULL) {
    number_of(vpi_scan(list), &number);
    vpi_free_object(list);
  }
  put_text(here, apical_last_error((apical_emulator*)(intptr_t)number));
  return 0;
}

static void show(void) {
  s_vpi_systf_data f;
  size_t i;
  memset(&f, 0, sizeof f);
  f.type = vpiSysFunc;
  f.sysfunctype = vpiIntFunc;
  f.calltf = run;
  f.compiletf = check;
  for (i = 0; i < sizeof calls / sizeof calls[0]; ++i) {
    f.tfname = calls[i].name;
    f.user_data = (PLI_BYTE8*)(intptr_t)&calls[i];
    vpi_register_systf(&f);
  }
  f.sysfunctype = vpiSizedFunc;
  f.sizetf = text_size;
  f.compiletf = NULL;
  f.tfname = "$apical_version";
  f.calltf = version;
  vpi_register_systf(&f);
  f.tfname = "$apical_last_error";
  f.calltf = last_error;
  vpi_register_systf(&f);
}

void (*vlog_startup_routines[])(void) = {show, NULL};
