// SPDX-License-Identifier: Apache-2.0
/// The bit-accurate emulator and its quantiser for C (C99) and all that calls C: co-simulation through DPI or VPI,
/// test benches, other languages. What flows in: a configuration (tools/CONFIGURATION.md), inputs and targets. What
/// flows out: every signal and weight, raw or real, digests and snapshots, the same bits as `apical run`.
///
/// Status   Calls that can fail return one and name in apical_last_error() what was wrong and what would be accepted.
///          No exception and no exit leaves the library. What a call would have written is only written with APICAL_OK.
/// Null     Accepted where it is said; elsewhere APICAL_BAD_INPUT.
/// Memory   Arrays are the caller's and are used during the call alone. Texts that a call hands out are the handle's
///          and last until apical_close(). `count` is how many values an array has: it must be the shape that is asked
///          for, so that a mistake in shape is found.
/// Threads  Any thread may call anything. Calls with one handle wait for one another; different handles are
///          independent. Debian's HDF5 isn't made for threads: who uses it, too, must not do so while apical_open()
///          reads weights.
/// Numbers  raw: a whole number of LSB, whose value is raw · 2^-frac. Layers count from 0, the input; projections from
///          0. Matrices are row-major [units of the target × units of the source (+ 1: the bias, last)].
/// Names    apical_tick() is one of sim/driver/apical_driver.h and hw/firmware/apical_spi.h, too: a program links one.
#ifndef APICAL_H
#define APICAL_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define APICAL_API __attribute__((visibility("default")))

/// Raised by every change that a program compiled before it can't live with; the library's soname ends with it.
#define APICAL_ABI_VERSION 1
APICAL_API uint32_t apical_abi_version(void);  ///< of the library that was loaded
APICAL_API const char* apical_version(void);   ///< "apical 0.1.0 (commit ..., build ...)", static; never null

typedef enum apical_status {
  APICAL_OK = 0,
  APICAL_BAD_INPUT = 2,  ///< as exit status 2 of the command line: arguments, files, the order of calls
  APICAL_INTERNAL = 3    ///< no memory, or a fault of the library
} apical_status;

/// An open emulator. Never dereferenced by the library: what was closed, or never opened, is APICAL_BAD_INPUT.
typedef struct apical_emulator apical_emulator;

/// One line, the handle's last failure, or with null (or a handle that isn't open) this thread's last failure of a call
/// without an open handle; "" where nothing failed. Never null; lasts until this thread calls apical_last_error again.
APICAL_API const char* apical_last_error(apical_emulator*);

// ---- Formats and the quantiser (fixedpoint/README.md) ----

enum { APICAL_RND, APICAL_RND_ZERO, APICAL_RND_MIN_INF, APICAL_RND_INF, APICAL_RND_CONV, APICAL_TRN, APICAL_TRN_ZERO,
       APICAL_STOCHASTIC };
enum { APICAL_SAT, APICAL_SAT_ZERO, APICAL_SAT_SYM, APICAL_WRAP };

typedef struct apical_format {
  int32_t bits;         ///< 1..62 here, 1..32 of a signal; signed SAT_SYM needs 2
  int32_t frac;         ///< fraction bits, -64..64: an LSB is 2^-frac
  int32_t is_signed;    ///< 0, 1
  int32_t rounding;     ///< APICAL_RND .. APICAL_STOCHASTIC
  int32_t overflow;     ///< APICAL_SAT .. APICAL_WRAP
  int32_t random_bits;  ///< of STOCHASTIC, 1..16; 16 unless somebody wants fewer. No other rounding reads them
} apical_format;

/// The place of 16 random bits per element: those of element i are a function of (seed, tick, stream, row, column + i).
typedef struct apical_counter {
  uint32_t seed, tick;
  uint32_t stream;  ///< below 2^12
  uint32_t row;     ///< below 2^20
  uint32_t column;  ///< of element 0; the last element's must be below 2^32
} apical_counter;

/// Reads a TOML inline table as `apical quantise --format` does: "{ bits = 8, frac = 4, rounding = \"RND_CONV\" }".
/// What it doesn't say is 16 bits, frac 0, signed, RND_CONV, SAT, 16 random bits.
APICAL_API apical_status apical_format_parse(const char* text, apical_format*);

/// The exact number x · 2^-x_frac in a format: rounded, then limited. |x| < 2^62, x_frac -4096..4096. random16:
/// 0..65535, read by STOCHASTIC alone. limited (may be null): 1 where the overflow mode changed the value, else 0.
APICAL_API apical_status apical_quantise(int64_t x, int32_t x_frac, const apical_format*, uint32_t random16,
                                         int64_t* raw, int32_t* limited);
/// Likewise of a finite double, which is taken exactly.
APICAL_API apical_status apical_quantise_real(double x, const apical_format*, uint32_t random16, int64_t* raw,
                                              int32_t* limited);
/// Likewise of `count` numbers. Random bits are those of `random16` [count], or drawn from the counter; at most one of
/// the two may be given, and for STOCHASTIC one has to be. limited [count] may be null, raw may be x itself.
APICAL_API apical_status apical_quantise_array(const int64_t* x, size_t count, int32_t x_frac, const apical_format*,
                                               const uint16_t* random16, const apical_counter*, int64_t* raw,
                                               uint8_t* limited);
APICAL_API apical_status apical_quantise_reals(const double* x, size_t count, const apical_format*,
                                               const uint16_t* random16, const apical_counter*, int64_t* raw,
                                               uint8_t* limited);
/// The random bits themselves, [count].
APICAL_API apical_status apical_random(const apical_counter*, size_t count, uint16_t* random16);

// ---- An emulator ----

/// Opens the emulator of a configuration file, with initial weights from a file (HDF5 or .npz, tools/README.md; null: from
/// the configuration's seed) and `count` overrides "section.key=value", as `apical run --set` takes them (null if 0). Keys
/// of [task] and [run] but seed, threads and schedule don't matter here; imperfections are refused. Nudge, inputs
/// and targets are 0, the learning scale is 1. The handle is the caller's, who closes it.
APICAL_API apical_status apical_open(const char* configuration, const char* weights, const char* const* overrides,
                                     size_t count, apical_emulator**);
/// Likewise from the text of a configuration; messages call it TOML.
APICAL_API apical_status apical_open_text(const char* text, const char* weights, const char* const* overrides,
                                          size_t count, apical_emulator**);
/// Frees it once calls of other threads have ended. Null is accepted.
APICAL_API apical_status apical_close(apical_emulator*);

/// What real numbers lost on loading, a line each, as every command says it; "" where nothing is worth a note.
APICAL_API apical_status apical_notes(apical_emulator*, const char** text);

/// Layers of the network with the input. In a microcircuit populations of interneurons, dendrites and relays follow:
/// `layer` of every call goes on to `populations` - 1. Either may be null.
APICAL_API apical_status apical_layers(apical_emulator*, int32_t* layers, int32_t* populations);
APICAL_API apical_status apical_units(apical_emulator*, int32_t layer, int32_t* units);
APICAL_API apical_status apical_layer_name(apical_emulator*, int32_t layer, const char** name);
APICAL_API apical_status apical_projections(apical_emulator*, int32_t* count);
APICAL_API apical_status apical_projection_name(apical_emulator*, int32_t projection, const char** name);
/// The layers that it leads from and to. Either may be null.
APICAL_API apical_status apical_projection_ends(apical_emulator*, int32_t projection, int32_t* source, int32_t* target);
APICAL_API apical_status apical_rows(apical_emulator*, int32_t projection, int32_t* rows);
APICAL_API apical_status apical_columns(apical_emulator*, int32_t projection, int32_t* columns);

/// What is held per unit. The input, layer 0, has APICAL_RATE and APICAL_SENT_RATE alone.
enum { APICAL_BASAL, APICAL_APICAL, APICAL_U, APICAL_MEMBRANE, APICAL_RATE, APICAL_SLOPE, APICAL_NUDGE, APICAL_ERROR,
       APICAL_MISMATCH, APICAL_TARGET, APICAL_FIRST_MISMATCH, APICAL_SENT_RATE, APICAL_SENT_ERROR };
/// The format of what a signal holds between ticks. (Where the feedback of a microcircuit learns, errors of dendrites
/// have the format of rates then; within a tick they have one of their own.)
APICAL_API apical_status apical_format_of(apical_emulator*, int32_t signal, int32_t layer, apical_format*);
/// Of a projection's weights, and of the steps eta · error that a row of LEARN shares. Either may be null.
APICAL_API apical_status apical_weight_format(apical_emulator*, int32_t projection, apical_format* weight,
                                              apical_format* step);

// ---- Ticks. What a host sets, it sets between ticks; it stays until it is set again ----

/// Real values, finite, quantised by the format of the input (layer 0, APICAL_RATE; STOCHASTIC to nearest, since
/// loading has no tick); raw ones must lie within its range.
APICAL_API apical_status apical_set_input(apical_emulator*, const double* values, size_t count);
APICAL_API apical_status apical_set_input_raw(apical_emulator*, const int64_t* raw, size_t count);
/// Likewise targets of the output layer (APICAL_TARGET).
APICAL_API apical_status apical_set_target(apical_emulator*, const double* values, size_t count);
APICAL_API apical_status apical_set_target_raw(apical_emulator*, const int64_t* raw, size_t count);
/// The nudge as a multiple of dynamics.beta, 0 or above; their product may be what the register of beta holds, 4 at
/// most. 0: no target moves anything.
APICAL_API apical_status apical_set_nudge(apical_emulator*, double nudge);
/// Factor of all learning rates, 0..1000; 0 freezes the weights.
APICAL_API apical_status apical_set_learning_scale(apical_emulator*, double factor);
/// One tick of dynamics.dt, or what is left of one that apical_execute() began.
APICAL_API apical_status apical_tick(apical_emulator*);
/// Ticks that have ended.
APICAL_API apical_status apical_ticks(apical_emulator*, uint32_t* ticks);

enum { APICAL_FORWARD, APICAL_BACKWARD, APICAL_UPDATE, APICAL_LEARN, APICAL_DECAY };
/// Parts of an UPDATE, a sum of them.
enum { APICAL_PART_BASAL = 1, APICAL_PART_SOMA = 2, APICAL_PART_ERROR = 4, APICAL_PART_MEMBRANE = 8,
       APICAL_PART_START_ERROR = 16, APICAL_PART_START_MISMATCH = 32, APICAL_PART_VOLTAGE = 64 };
typedef struct apical_operation {
  int32_t code;      ///< APICAL_FORWARD .. APICAL_DECAY
  int32_t index;     ///< the layer of UPDATE and DECAY (of the mismatch), else the projection
  int32_t parts;     ///< of UPDATE; else 0
  int32_t at_start;  ///< 1: executed in the first tick alone
} apical_operation;

/// Operations of the program: `start` ones of the first tick alone, then those of every tick. Numbers are those of
/// `apical verify`. Either may be null.
APICAL_API apical_status apical_operations(apical_emulator*, int32_t* count, int32_t* start);
/// text (may be null): in words, "UPDATE   layer1 soma".
APICAL_API apical_status apical_operation_at(apical_emulator*, int32_t number, apical_operation*, const char** text);
/// The operation that apical_execute() takes now; -1: none is left, apical_end_tick() follows.
APICAL_API apical_status apical_next_operation(apical_emulator*, int32_t* number);
/// Executes one operation of a tick, which must be the next one: in any other order schedules would differ.
APICAL_API apical_status apical_execute(apical_emulator*, int32_t number);
/// Ends a tick whose operations have all been executed.
APICAL_API apical_status apical_end_tick(apical_emulator*);

/// Values of a signal, [units]; also within a tick.
APICAL_API apical_status apical_read_raw(apical_emulator*, int32_t signal, int32_t layer, int64_t* raw, size_t count);
APICAL_API apical_status apical_read_real(apical_emulator*, int32_t signal, int32_t layer, double* values,
                                          size_t count);
/// Weights, [rows × columns]. Real ones are the theory's: the machine holds the negative of W^PI of a microcircuit.
APICAL_API apical_status apical_read_weights_raw(apical_emulator*, int32_t projection, int64_t* raw, size_t count);
APICAL_API apical_status apical_read_weights_real(apical_emulator*, int32_t projection, double* values, size_t count);
/// Raw weights within their format, between ticks.
APICAL_API apical_status apical_set_weights_raw(apical_emulator*, int32_t projection, const int64_t* raw, size_t count);

#define APICAL_DIGEST_SIZE 33
/// The digest of all architectural state (hw/ARCHITECTURE.md), as in result.json: 32 hexadecimal digits and a 0. `size`
/// of the buffer, APICAL_DIGEST_SIZE or more.
APICAL_API apical_status apical_digest(apical_emulator*, char* text, size_t size);

// ---- Snapshots ----

/// All architectural state between ticks, in bytes: ticks, registers, signals, weights, with the shapes of each; a
/// version, a digest of the program and a checksum (sim/machines/snapshot.hpp). Its size is that of the program.
APICAL_API apical_status apical_snapshot_size(apical_emulator*, size_t* bytes);
/// Into a buffer of that size or more; the rest of it stays as it is.
APICAL_API apical_status apical_snapshot(apical_emulator*, void* buffer, size_t size);
/// Back from `size` bytes, exactly those of a snapshot. Taken from any handle with the same program, whatever its
/// schedule, threads and initial weights; afterwards digest and all ticks to come are what they were. Ends a tick that
/// is under way. Refused as a whole where it is damaged or belongs to another program.
APICAL_API apical_status apical_restore(apical_emulator*, const void* buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
