# SPDX-License-Identifier: Apache-2.0
# Builds and runs the testbench NAME of SOURCES with libapical_c: by DPI under Verilator, by VPI under Icarus Verilog.
#   APICAL  the source tree (default: the one around this file)
#   BUILD   where libapical_c.so and apical.vpi are (default: APICAL/build)
#   OUT     where the simulation is built (default: BUILD/example/NAME)
APICAL ?= $(abspath $(dir $(lastword $(MAKEFILE_LIST)))../..)
BUILD ?= $(APICAL)/build
OUT ?= $(BUILD)/example/$(NAME)
CALLS := $(APICAL)/tools/c
ARGUMENTS ?=

.PHONY: verilator icarus
verilator:
	mkdir -p $(OUT)
	verilator --binary --top-module $(NAME) -Wno-fatal -Wno-lint -Wno-style --Mdir $(OUT)/verilated -I$(CALLS) \
	  $(CALLS)/apical_dpi.sv $(SOURCES) $(CALLS)/apical_dpi.c -LDFLAGS "-L$(BUILD) -lapical_c -Wl,-rpath,$(BUILD)" \
	  >$(OUT)/verilator.log 2>&1 || { tail -40 $(OUT)/verilator.log; false; }
	$(OUT)/verilated/V$(NAME) $(ARGUMENTS)

icarus:
	mkdir -p $(OUT)
	iverilog -g2012 -I$(CALLS) -I. -s $(NAME) -o $(OUT)/$(NAME).vvp $(SOURCES) 2>$(OUT)/icarus.log \
	  || { cat $(OUT)/icarus.log; false; }
	vvp -n -M $(BUILD) -m apical $(OUT)/$(NAME).vvp $(ARGUMENTS)
