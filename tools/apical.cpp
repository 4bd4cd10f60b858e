#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "tools/commands.hpp"
#include "tools/config.hpp"

namespace {

std::string names_of(const std::vector<CLI::App*>& commands) {
  std::string names;
  for (const CLI::App* command : commands) names += (names.empty() ? "" : ", ") + command->get_name();
  return names;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file-size limit becomes a write error, which is reported
  CLI::App app("apical: from a theory of learning in the cortex to silicon", "apical");
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "apical " APICAL_VERSION);
  app.footer(
      "Start with `apical list`, then `apical run tools/configs/digits8.toml`.\nExit status: 0 ok, 1 a check "
      "failed or a run diverged, 2 bad usage or input.");
  int status = 0;
  apical::tools::add_run(app, status);
  apical::tools::add_verify(app, status);
  apical::tools::add_vectors(app, status);
  apical::tools::add_quantise(app, status);
  apical::tools::add_compile(app, status);
  apical::tools::add_deploy(app, status);
  apical::tools::add_experiment(app, status);
  apical::tools::add_mesh(app, status);
  apical::tools::add_sweep(app, status);
  apical::tools::add_profile(app, status);
  apical::tools::add_optimise(app, status);
  apical::tools::add_list(app, status);
  apical::tools::add_config_reference(app, status);
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty())
      throw apical::tools::InputError("no command; accepted: " + names_of(app.get_subcommands({})));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::string what = error.what();
    std::replace(what.begin(), what.end(), '\n', ' ');
    fmt::print(stderr, "apical: {} (see apical --help)\n", what);
    return 2;
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
