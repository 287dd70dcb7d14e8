// SPDX-License-Identifier: BSD-3-Clause
#include "arguments.hpp"

#include <cstdlib>

#include <CLI/CLI.hpp>

#include <xunmix/constraint/any_constraint.hpp>
#include <xunmix/version.hpp>

namespace support
{
namespace
{
void describe_data(CLI::App& app, arguments& a)
{
    app.add_option("INPUT", a.input,
                   "Scan: .npy, or HDF5 (.hspy, EMD 1.0, any file with --dataset). Without it a "
                   "simulated 4D-STEM scan of titanium oxide nanosheets is unmixed");
    app.add_option("--dataset", a.dataset, "Path of the dataset in an HDF5 file");
    app.add_option("--positions", a.positions,
                   "Axes that say where, the slowest first, as 0,1 [what the file says, else all "
                   "but the last axis of 3, the first two of 4 or more, the first of 2]")
        ->delimiter(',');
    app.add_option_function<std::vector<double>>(
           "--mask-disk",
           [&a](const std::vector<double>& v) {
               a.mask_disk = {v[0], v[1], v[2]};
           },
           "Mask a disk of channels, y,x,r in pixels: the direct beam of a diffraction pattern")
        ->delimiter(',')
        ->expected(3)
        ->type_name("Y,X,R");
    app.add_flag("--clip-negative", a.clip_negative,
                 "Set negative values to zero first (mu takes none)");
}

void describe_model(CLI::App& app, arguments& a)
{
    app.add_option("--rank", a.rank, "Number of components")
        ->required()
        ->check(CLI::Range(std::size_t{1}, std::size_t{8192}));
    app.add_option("--algorithm", a.algorithm, "als, mu or hals")
        ->check(CLI::IsMember({"als", "mu", "hals"}))
        ->capture_default_str();
    app.add_option("--noise", a.noise,
                   "gaussian: least squares; poisson: weighted by the counts' variance; auto: "
                   "poisson for integer spectra, gaussian for everything else")
        ->check(CLI::IsMember({"auto", "gaussian", "poisson"}))
        ->capture_default_str();
    const std::string known =
        "none, or from " + xunmix::any_constraint::known_names() + " [non_negative";
    app.add_option("--maps", a.maps, "Constraints on the maps: " + known + "]")
        ->delimiter(',')
        ->type_name("NAME,...");
    app.add_option("--components", a.components,
                   "Constraints on the components: likewise " + known + "; als: and unit_norm]")
        ->delimiter(',')
        ->type_name("NAME,...");
}

void describe_run(CLI::App& app, arguments& a)
{
    app.add_option("--iterations", a.iterations, "At most so many a start")->capture_default_str();
    app.add_option("--tolerance", a.tolerance,
                   "A start ends where the objective's relative decrease is less; 0: never")
        ->capture_default_str();
    app.add_option("--starts", a.starts, "Random starts; the one with the least mse is kept")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1000000}))
        ->capture_default_str();
    app.add_option("--seed", a.seed, "Of the first start; the next ones count on from it")
        ->capture_default_str();
    app.add_option("--init", a.init,
                   "Where a start comes from: uniform random numbers, or positions of the scan")
        ->check(CLI::IsMember({"uniform", "positions"}))
        ->capture_default_str();
    app.add_option("--threads", a.threads, "At most so many [as many as there are cores]");
    app.add_option("--output", a.output,
                   "Folder to write to; its files of the same names are replaced")
        ->capture_default_str();
}
}

arguments read_arguments(int argc, char** argv)
{
    arguments a;
    CLI::App app("Unmixes a scan into maps (where, how much) and components (what): X ~ C S^T.");
    app.set_version_flag("--version", std::string("unmix ") + xunmix::version);
    app.get_formatter()->column_width(30);
    describe_data(app, a);
    describe_model(app, a);
    describe_run(app, a);
    app.footer("Writes maps.npy (k, positions...), components.npy (k, channels...), history.csv, "
               "report.json, montage.png and mse.png.\n"
               "Example: unmix core_shell.hspy --rank 3 --starts 10 --output result");
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& e)
    {
        std::exit(app.exit(e) == 0 ? 0 : 2);
    }
    for (int i = 0; i < argc; ++i)
        a.command_line += (i ? " " : "") + std::string(argv[i]);
    return a;
}
}
