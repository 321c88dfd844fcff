// The command line, the same way in all tools: CLI11 with our manners and exit codes.
// Included in cmd/ only: CLI11 costs ten seconds a file.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "base/io.h"
#include "base/text.h"
#include "base/tool.h"

namespace kvm {

// "NAME VERSION" of every tool; the Makefile knows the number.
inline void add_version(CLI::App& app) {
  app.set_version_flag("--version", app.get_name() + " " KVM_VERSION, "Print the version and exit");
}

// The help of the tool and of its subcommands, all the way down.
inline std::string help_all(const CLI::App& app, const std::string& above = "") {
  std::string text = app.help(above);
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    text +=
        "\n" + help_all(*command, above.empty() ? app.get_name() : above + " " + app.get_name());
  return text;
}

// Beside an option stands only what it takes: what goes with what is in the man page.
class HelpFormatter : public CLI::Formatter {
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_size() == 0 ? "" : " " + option->get_type_name();
  }
};

// A number from `least` to `most`, a whole one where these are.
template <class Number>
CLI::Validator number_from(Number least, Number most) {
  return {[=](std::string& text) {
            const auto value = parse_number<Number>(text);
            if (value && *value >= least && *value <= most) return std::string();
            const char* whole = std::is_integral_v<Number> ? " whole" : "";
            return strf("'%s' is not a%s number from %g to %g", text.c_str(), whole,
                        static_cast<double>(least), static_cast<double>(most));
          },
          ""};
}

// A value that `judge` throws no Error at. So it is judged where it is given.
inline CLI::Validator judged_by(std::function<void(const std::string&)> judge) {
  return {[judge = std::move(judge)](std::string& text) {
            try {
              judge(text);
              return std::string();
            } catch (const Error& error) {
              return std::string(error.what());
            }
          },
          ""};
}

// Reads what the command line has not said from the file of its --config, if it has one. What is
// wrong there is Exit::kConfig.
inline void read_config(CLI::App& app) {
  const CLI::Option* option = app.get_option_no_throw("--config");
  if (!option || option->empty()) return;
  const auto path = option->as<std::string>();
  std::istringstream text(read_file(path));
  try {
    app.parse_from_stream(text);
  } catch (const CLI::ParseError& error) {
    throw Error(Exit::kConfig, path + ": " + error.what());
  }
}

// Parses, then runs `body` in the tool frame. --help and --version go to stdout and exit 0; what
// the command line has wrong is one line and Exit::kUsage.
inline int run_cli(CLI::App& app, int argc, char** argv, const std::function<Exit()>& body) {
  add_version(app);
  app.formatter(std::make_shared<HelpFormatter>());
  app.get_formatter()->column_width(34);
  return run_tool([&] {
    try {
      app.parse(argc, argv);
      read_config(app);
    } catch (const CLI::CallForHelp&) {
      std::fputs(app.help().c_str(), stdout);
      return Exit::kDone;
    } catch (const CLI::CallForAllHelp&) {
      std::fputs(help_all(app).c_str(), stdout);
      return Exit::kDone;
    } catch (const CLI::CallForVersion& version) {
      std::printf("%s\n", version.what());
      return Exit::kDone;
    } catch (const CLI::ParseError& error) {
      const std::string what = error.what();
      const std::string hint = what.ends_with(')') ? "" : " (see " + app.get_name() + " --help)";
      throw Error(Exit::kUsage, what + hint);
    }
    return body();
  });
}

}  // namespace kvm
