#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "tools/commands.hpp"

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit becomes a write error, which is reported
  CLI::App app("apical: from a theory of learning in the cortex to silicon", "apical");
  app.require_subcommand(1);
  app.set_version_flag("--version", "apical " APICAL_VERSION);
  app.footer(
      "Start with `apical list`, then `apical run tools/configs/digits8.toml`.\nExit status: 0 ok, 1 a check "
      "failed or a run diverged, 2 bad usage or input.");
  int status = 0;
  apical::tools::add_run(app, status);
  apical::tools::add_quantise(app, status);
  apical::tools::add_compile(app, status);
  apical::tools::add_list(app, status);
  apical::tools::add_config_reference(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "apical: {}\n", error.what());
    return 2;
  }
  if (std::fflush(stdout) != 0) {
    fmt::print(stderr, "apical: standard output can't be written (a full disk?)\n");
    return 2;
  }
  return status;
}
