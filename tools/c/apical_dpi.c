/* SPDX-License-Identifier: Apache-2.0 */
/* What apical_dpi.sv imports and apical.h hasn't got as it stands: open arrays, strings that may be missing.
   For C and, as Verilator compiles it, C++. */
#include <stddef.h>

#include "apical_overrides.h"
#include "svdpi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Simulators know how large an element is; where one doesn't lay arrays out as C does there is no pointer,
   and a null array is what apical.h refuses. */
#define POINTER(type, array) ((type*)svGetArrayPtr(array))
#define COUNT(array) ((size_t)svSize((array), 1))

static apical_counter counter_of(const int* c) {
  apical_counter counter;
  counter.seed = (uint32_t)c[0];
  counter.tick = (uint32_t)c[1];
  counter.stream = (uint32_t)c[2];
  counter.row = (uint32_t)c[3];
  counter.column = (uint32_t)c[4];
  return counter;
}

int apical_sv_quantise_array(const svOpenArrayHandle x, int x_frac, const int* format,
                             const svOpenArrayHandle raw) {
  if (COUNT(x) != COUNT(raw)) return APICAL_BAD_INPUT;
  return apical_quantise_array(POINTER(const int64_t, x), COUNT(x), x_frac, (const apical_format*)format,
                               NULL, NULL, POINTER(int64_t, raw), NULL);
}

int apical_sv_quantise_drawn(const svOpenArrayHandle x, int x_frac, const int* format, const int* c,
                             const svOpenArrayHandle raw) {
  const apical_counter counter = counter_of(c);
  if (COUNT(x) != COUNT(raw)) return APICAL_BAD_INPUT;
  return apical_quantise_array(POINTER(const int64_t, x), COUNT(x), x_frac, (const apical_format*)format,
                               NULL, &counter, POINTER(int64_t, raw), NULL);
}

int apical_sv_random(const int* c, const svOpenArrayHandle random16) {
  apical_counter counter = counter_of(c);
  int32_t* const values = POINTER(int32_t, random16);
  size_t i;
  if (values == NULL) return APICAL_BAD_INPUT;
  for (i = 0; i < COUNT(random16); ++i) {
    uint16_t one = 0;
    const apical_status status = apical_random(&counter, 1, &one);
    if (status != APICAL_OK) return status;
    values[i] = one;
    ++counter.column;
  }
  return APICAL_OK;
}

int apical_sv_open(const char* configuration, const char* weights, const char* overrides, void** emulator) {
  apical_emulator* opened = NULL;
  const int status = apical_open_listed(apical_open, configuration, weights, overrides, &opened);
  *emulator = opened;
  return status;
}

int apical_sv_open_text(const char* text, const char* weights, const char* overrides, void** emulator) {
  apical_emulator* opened = NULL;
  const int status = apical_open_listed(apical_open_text, text, weights, overrides, &opened);
  *emulator = opened;
  return status;
}

int apical_sv_set_input(void* e, const svOpenArrayHandle values) {
  return apical_set_input((apical_emulator*)e, POINTER(const double, values), COUNT(values));
}
int apical_sv_set_input_raw(void* e, const svOpenArrayHandle raw) {
  return apical_set_input_raw((apical_emulator*)e, POINTER(const int64_t, raw), COUNT(raw));
}
int apical_sv_set_target(void* e, const svOpenArrayHandle values) {
  return apical_set_target((apical_emulator*)e, POINTER(const double, values), COUNT(values));
}
int apical_sv_set_target_raw(void* e, const svOpenArrayHandle raw) {
  return apical_set_target_raw((apical_emulator*)e, POINTER(const int64_t, raw), COUNT(raw));
}
int apical_sv_read_raw(void* e, int signal, int layer, const svOpenArrayHandle raw) {
  return apical_read_raw((apical_emulator*)e, signal, layer, POINTER(int64_t, raw), COUNT(raw));
}
int apical_sv_read_real(void* e, int signal, int layer, const svOpenArrayHandle values) {
  return apical_read_real((apical_emulator*)e, signal, layer, POINTER(double, values), COUNT(values));
}
int apical_sv_read_weights_raw(void* e, int projection, const svOpenArrayHandle raw) {
  return apical_read_weights_raw((apical_emulator*)e, projection, POINTER(int64_t, raw), COUNT(raw));
}
int apical_sv_read_weights_real(void* e, int projection, const svOpenArrayHandle values) {
  return apical_read_weights_real((apical_emulator*)e, projection, POINTER(double, values), COUNT(values));
}
int apical_sv_set_weights_raw(void* e, int projection, const svOpenArrayHandle raw) {
  return apical_set_weights_raw((apical_emulator*)e, projection, POINTER(const int64_t, raw), COUNT(raw));
}

/* Texts are the handle's, and simulators copy them when the call ends; of one that fails "". */
int apical_sv_notes(void* e, const char** text) {
  *text = "";
  return apical_notes((apical_emulator*)e, text);
}
int apical_sv_layer_name(void* e, int layer, const char** name) {
  *name = "";
  return apical_layer_name((apical_emulator*)e, layer, name);
}
int apical_sv_projection_name(void* e, int projection, const char** name) {
  *name = "";
  return apical_projection_name((apical_emulator*)e, projection, name);
}
int apical_sv_operation_at(void* e, int number, int* operation, const char** text) {
  *text = "";
  return apical_operation_at((apical_emulator*)e, number, (apical_operation*)operation, text);
}
int apical_sv_digest(void* e, const char** text) {
  static char digest[APICAL_DIGEST_SIZE];
  const apical_status status = apical_digest((apical_emulator*)e, digest, sizeof digest);
  *text = status == APICAL_OK ? digest : "";
  return status;
}

int apical_sv_snapshot(void* e, const svOpenArrayHandle buffer) {
  return apical_snapshot((apical_emulator*)e, svGetArrayPtr(buffer), COUNT(buffer));
}
int apical_sv_restore(void* e, const svOpenArrayHandle buffer) {
  return apical_restore((apical_emulator*)e, svGetArrayPtr(buffer), COUNT(buffer));
}

#ifdef __cplusplus
}
#endif
