// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <xunmix/core/finite.hpp>
#include <xunmix/io/child_process.hpp>
#include <xunmix/io/hdf5_file.hpp>

namespace xunmix
{
struct hdf5_options
{
    /// Path inside the file, of a dataset or of a group with a dataset `data`; may stay empty
    /// where the file holds one scan only.
    std::string dataset = {};
    /// Whether a process of its own reads the file first: libhdf5 1.10 crashes or hangs on some
    /// damaged files, which then are errors. It takes the time of the reading once more; the values
    /// of a scan of more than 32 MB are left out of the trial.
    bool in_trial = false;
};

namespace detail
{
/// "/a/b/data" to "/a/b"; "/data" to "/".
inline std::string parent_of(const std::string& path)
{
    return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
}

inline std::string name_of(const std::string& path)
{
    return path.substr(path.rfind('/') + 1);
}

/// EMD 1.0 marks an array's group with "array", EMD 0.2 and early py4DSTEM files with 1.
inline bool is_emd_array(const H5::Group& group)
{
    return text_attribute(group, "emd_group_type") == "array" ||
           number_attribute(group, "emd_group_type", 0) == 1;
}

/// Whether the file's own conventions say that this is the data of a signal.
inline bool is_marked(const H5::H5File& file, const hdf5_dataset& dataset)
{
    if (name_of(dataset.path) != "data")
        return false;
    const std::string parent = parent_of(dataset.path);
    return parent_of(parent) == "/Experiments" || is_emd_array(file.openGroup(parent));
}

/// The one dataset meant: named by the user, or the only one that may be a scan, where marked ones
/// come before others and, where there is just one of three axes or more, images give way to it.
inline hdf5_dataset choose_dataset(const H5::H5File& file, const hdf5_options& options,
                                   const std::string& name)
{
    const std::vector<hdf5_dataset> all = list_datasets(file);
    if (!options.dataset.empty())
    {
        const std::string asked = (options.dataset.starts_with('/') ? "" : "/") + options.dataset;
        for (const std::string& path : {asked, asked + "/data"})
            if (is_dataset(file, path))
                return describe(file.openDataSet(path), path);
        require<io_error>(!is_group(file, asked), name, ": ", asked,
                          " is a group and holds no dataset \"data\"; name a dataset of the file, "
                          "which holds:",
                          listing(all));
        throw io_error(text(name, " holds no dataset ", asked, "; it holds:", listing(all)));
    }
    std::vector<hdf5_dataset> candidates;
    const auto keep = [&](auto rule)
    {
        std::vector<hdf5_dataset> kept;
        std::ranges::copy_if(candidates.empty() ? all : candidates, std::back_inserter(kept), rule);
        if (!kept.empty())
            candidates = std::move(kept);
    };
    keep([](const hdf5_dataset& dataset) { return dataset.may_be_scan(); });
    require<io_error>(
        !candidates.empty(), name,
        " holds no dataset of numbers with two axes or more; it holds:", listing(all));
    keep([&](const hdf5_dataset& dataset) { return is_marked(file, dataset); });
    const auto deep = [](const hdf5_dataset& dataset) { return dataset.shape.size() > 2; };
    if (std::ranges::count_if(candidates, deep) == 1)
        keep(deep);
    require<io_error>(
        candidates.size() == 1, name, " holds ", candidates.size(),
        " datasets that may be the scan; choose one with dataset:", listing(candidates));
    return candidates.front();
}

/// Units without what file formats write for "none", and EMD 0.2's "[n_m]" as "nm".
inline std::string clean_units(std::string units)
{
    if (units == "_None_" || units == "<undefined>" || units == "None")
        return {};
    if (units.starts_with('[') && units.ends_with(']'))
    {
        units = units.substr(1, units.size() - 2);
        std::erase(units, '_');
    }
    return units;
}

/// Equal steps go to scale and offset, whether all values are given or only the first two.
inline void place_values(axis& along, const std::vector<double>& values)
{
    if (values.empty())
        return;
    const double step = values.size() > 1 ? values[1] - values[0] : 1;
    const bool whole = values.size() == along.size;
    bool equal = whole || values.size() <= 2;
    for (std::size_t i = 0; equal && whole && i < values.size(); ++i)
        equal = std::abs(values[i] - values[0] - step * static_cast<double>(i)) <=
                1e-3 * std::abs(step);
    if (equal)
    {
        along.offset = values[0];
        along.scale = step;
    }
    else if (whole)
        along.values = values;
}

/// NaN and infinities say nothing of an axis.
inline double finite_or(double value, double fallback)
{
    return is_finite(value) ? value : fallback;
}

/// An axis counts its places, with scale 1 and offset 0, where double cannot hold its step or the
/// distance between its ends.
inline void drop_infinite_length(axis& along)
{
    if (along.size == 0)
        return;
    double low = along.at(0), high = along.at(along.size - 1);
    for (const double value : along.values)
    {
        low = std::min(low, value);
        high = std::max(high, value);
    }
    if (is_finite(along.scale) && is_finite(high - low))
        return;
    along.scale = 1;
    along.offset = 0;
    along.values.clear();
}

/// A one-dimensional dataset of finite numbers, no longer than an axis can be; empty for anything
/// else.
inline std::vector<double> read_vector(const H5::H5File& file, const std::string& path,
                                       std::size_t longest)
{
    const H5::DataSet dataset = file.openDataSet(path);
    const hdf5_dataset about = describe(dataset, path);
    if (about.type.empty() || about.type == "bool" || about.shape.size() != 1 ||
        about.shape[0] > std::max<std::size_t>(longest, 2))
        return {};
    std::vector<double> values(about.shape[0]);
    dataset.read(values.data(), H5::PredType::NATIVE_DOUBLE);
    const bool all = std::ranges::all_of(values, [](double value) { return is_finite(value); });
    return all ? values : std::vector<double>();
}

/// HyperSpy: groups axis-0, axis-1, ... beside the data, in the order of the array. Unequal steps
/// are a dataset `axis` in such a group.
inline void read_hyperspy_axes(const H5::H5File& file, const std::string& parent, scan_file& scan)
{
    for (std::size_t i = 0; i < scan.axes.size(); ++i)
    {
        const std::string path = text(parent, "/axis-", i);
        if (!file.nameExists(path))
            continue;
        const H5::Group group = file.openGroup(path);
        axis& along = scan.axes[i];
        along.name = text_attribute(group, "name");
        along.units = clean_units(text_attribute(group, "units"));
        along.scale = finite_or(number_attribute(group, "scale", 1), 1);
        along.offset = finite_or(number_attribute(group, "offset", 0), 0);
        along.is_position = number_attribute(group, "navigate", 0) != 0;
        if (group.nameExists("axis"))
            place_values(along, read_vector(file, path + "/axis", along.size));
        if (along.name == "<undefined>")
            along.name.clear();
    }
}

/// +1 for an axis that says where, -1 for one that says what, 0 where its name and units leave it
/// open: py4DSTEM's Rx, Ry and Qx, Qy; lengths, against reciprocal lengths, angles and energies.
inline int role(const axis& along)
{
    if (along.name.starts_with('R') || along.name.starts_with('Q'))
        return along.name.starts_with('R') ? 1 : -1;
    constexpr std::array lengths{"nm", "A", "Å", "um", "µm", "μm", "pm", "mm", "angstrom"};
    constexpr std::array others{"^-1", "1/", "⁻¹", "rad", "eV"};
    if (std::ranges::find(lengths, along.units) != lengths.end())
        return 1;
    const auto inside = [&](std::string_view part)
    { return along.units.find(part) < along.units.npos; };
    return std::ranges::any_of(others, inside) ? -1 : 0;
}

/// EMD: datasets dim0, dim1, ... (EMD 0.2: dim1, dim2, ...) beside the data, named by attributes.
inline void read_emd_axes(const H5::H5File& file, const std::string& parent, scan_file& scan)
{
    const std::size_t first = file.nameExists(parent + "/dim0") ? 0 : 1;
    for (std::size_t i = 0; i < scan.axes.size(); ++i)
    {
        const std::string path = text(parent, "/dim", i + first);
        if (!file.nameExists(path))
            continue;
        const H5::DataSet dimension = file.openDataSet(path);
        scan.axes[i].name = text_attribute(dimension, "name");
        scan.axes[i].units = clean_units(text_attribute(dimension, "units"));
        place_values(scan.axes[i], read_vector(file, path, scan.axes[i].size));
    }
    const bool clear = std::ranges::none_of(scan.axes, [](const axis& a) { return role(a) == 0; });
    for (axis& along : scan.axes)
        along.is_position = clear && role(along) > 0;
}

inline scan_file read_scan(const H5::H5File& file, const hdf5_dataset& about, bool with_values)
{
    const H5::DataSet dataset = file.openDataSet(about.path);
    const std::string parent = parent_of(about.path);
    scan_file scan =
        plain_scan(read_numbers(dataset, about, with_values), valid_utf8(name_of(about.path)));
    const H5::Group group = file.openGroup(parent);
    const bool is_hyperspy = group.nameExists("axis-0");
    if (is_hyperspy)
        read_hyperspy_axes(file, parent, scan);
    else if (is_emd_array(group))
        read_emd_axes(file, parent, scan);
    std::ranges::for_each(scan.axes, drop_infinite_length);
    if (scan.title == "data" && parent != "/")
        scan.title = valid_utf8(name_of(parent));
    for (std::size_t i = 0; i < scan.axes.size(); ++i)
        if (scan.axes[i].is_position)
            scan.position_axes.push_back(i);
    return scan;
}

/// Bytes of values that a trial leaves out.
inline constexpr std::size_t large_scan = std::size_t{32} << 20U;

/// What read_hdf5 reads; for a trial, without the values where they are many.
inline scan_file read_hdf5_file(const std::filesystem::path& path, const hdf5_options& options,
                                bool is_trial)
{
    const quiet_hdf5 quiet;
    const std::string name = "'" + path.string() + "'";
    const H5::H5File file = open_hdf5(path);
    try
    {
        const hdf5_dataset about = choose_dataset(file, options, name);
        const std::string what = text(name, ": dataset ", about.path);
        require<io_error>(
            !about.type.empty(), what,
            " does not hold numbers (integer, floating point or bool); choose another "
            "with dataset");
        require<io_error>(about.shape.size() >= 2, what, " has the shape ", shape_text(about.shape),
                          "; a scan needs two axes or more, positions and channels");
        require_filters(file.openDataSet(about.path), what);
        require_content(file.openDataSet(about.path), about, what);
        const bool is_large = file.openDataSet(about.path).getInMemDataSize() > large_scan;
        return read_scan(file, about, !(is_trial && is_large));
    }
    catch (const H5::Exception& failure)
    {
        throw io_error(text(name, " is damaged or truncated: HDF5 reports ", failure.getDetailMsg(),
                            "; copy or save it again"));
    }
}
}

/// The scan of an HDF5 file, with its axes and positions where the file describes them: HyperSpy's
/// `.hspy`, EMD 1.0 as py4DSTEM writes it (and EMD 0.2), or any other file, whose one dataset of
/// numbers is taken or the one named in `options`. Memory: the scan itself, once.
/// Throws io_error for files that are missing, not HDF5 or damaged, for no dataset or more than
/// one to choose from, for values that are not numbers and for fewer than two axes.
inline scan_file read_hdf5(const std::filesystem::path& path, const hdf5_options& options = {})
{
    constexpr unsigned seconds = 2;
    const auto try_it = [&] { static_cast<void>(detail::read_hdf5_file(path, options, true)); };
    detail::require<io_error>(!options.in_trial || detail::survives(try_it, seconds), "'",
                              path.string(),
                              "' is damaged: libhdf5 crashes on it, or computes for more than ",
                              seconds, " seconds; copy or save it again");
    return detail::read_hdf5_file(path, options, false);
}
}
