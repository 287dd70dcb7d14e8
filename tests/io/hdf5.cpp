// SPDX-License-Identifier: BSD-3-Clause
#include "files.hpp"

#include <numeric>

#include <doctest/doctest.h>

#include <xunmix/io/hdf5.hpp>

namespace hdf5_test
{
namespace xu = xunmix;

namespace
{
const H5::DataSpace one_value(H5S_SCALAR);

std::vector<hsize_t> extents(std::initializer_list<int> shape)
{
    return {shape.begin(), shape.end()};
}

/// A dataset of 0, 1, 2, ... stored as `type`, in gzip chunks where asked for.
H5::DataSet add_counting(const H5::Group& group, const std::string& name,
                         std::initializer_list<int> shape,
                         const H5::DataType& type = H5::PredType::STD_U16LE, bool gzip = false)
{
    const auto size = extents(shape);
    std::vector<double> values(std::accumulate(size.begin(), size.end(), std::size_t{1},
                                               [](auto a, auto b) { return a * b; }));
    std::iota(values.begin(), values.end(), 0.0);
    H5::DSetCreatPropList properties;
    if (gzip)
    {
        properties.setChunk(static_cast<int>(size.size()), size.data());
        properties.setShuffle();
        properties.setDeflate(4);
    }
    const H5::DataSpace space(static_cast<int>(size.size()), size.data());
    auto dataset = group.createDataSet(name, type, space, properties);
    dataset.write(values.data(), H5::PredType::NATIVE_DOUBLE);
    return dataset;
}

void add_text(const H5::H5Object& object, const std::string& name, const std::string& value,
              bool variable = true)
{
    const H5::StrType type(H5::PredType::C_S1, variable ? H5T_VARIABLE : value.size() + 1);
    object.createAttribute(name, type, one_value).write(type, value);
}

template <class T>
void add_number(const H5::H5Object& object, const std::string& name, T value)
{
    const auto& type = xu::detail::native_type<T>();
    object.createAttribute(name, type, one_value).write(type, &value);
}

/// h5py's bool: an enumeration of one byte, FALSE = 0, TRUE = 1.
H5::EnumType bool_type()
{
    H5::EnumType type(H5::PredType::NATIVE_INT8);
    signed char values[] = {0, 1};
    type.insert("FALSE", &values[0]);
    type.insert("TRUE", &values[1]);
    return type;
}

void add_bool(const H5::H5Object& object, const std::string& name, bool value)
{
    const signed char stored = value ? 1 : 0;
    object.createAttribute(name, bool_type(), one_value).write(bool_type(), &stored);
}

void add_hyperspy_axis(const H5::Group& signal, int index, const std::string& name, double scale,
                       double offset, const std::string& units, bool navigate)
{
    const auto group = signal.createGroup("axis-" + std::to_string(index));
    add_text(group, "name", name);
    add_text(group, "units", units);
    add_number(group, "scale", scale);
    add_number(group, "offset", offset);
    add_bool(group, "navigate", navigate);
}

void add_emd_dimension(const H5::Group& group, const std::string& dataset, const std::string& name,
                       const std::string& units, const std::vector<double>& values)
{
    const hsize_t size = values.size();
    const auto dimension =
        group.createDataSet(dataset, H5::PredType::IEEE_F64LE, H5::DataSpace(1, &size));
    dimension.write(values.data(), H5::PredType::NATIVE_DOUBLE);
    add_text(dimension, "name", name);
    add_text(dimension, "units", units);
}

/// What reading throws, the file's path written as FILE.
std::string reading_fails_with(const std::filesystem::path& path, const std::string& dataset = {})
{
    std::string message =
        message_of<xu::io_error>([&] { xu::read_hdf5(path, {.dataset = dataset}); });
    const auto at = message.find(path.string());
    return at == message.npos ? message : message.replace(at, path.string().size(), "FILE");
}

template <class T>
bool counts(const xu::any_tensor& data)
{
    if (!std::holds_alternative<xu::tensor<T>>(data))
        return false;
    const auto& values = std::get<xu::tensor<T>>(data);
    for (std::size_t i = 0; i < values.size(); ++i)
        if (values.data()[i] != static_cast<T>(i))
            return false;
    return true;
}
}

TEST_CASE("hdf5: every type of number, either byte order, plain or compressed")
{
    const scratch_folder folder;
    const auto path = folder / "types.h5";
    {
        using type = H5::PredType;
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
        add_counting(file, "u1", {2, 50}, type::STD_U8LE);
        add_counting(file, "u2", {2, 50}, type::STD_U16BE, true);
        add_counting(file, "u4", {2, 50}, type::STD_U32LE, true);
        add_counting(file, "u8", {2, 50}, type::STD_U64BE);
        add_counting(file, "i1", {2, 50}, type::STD_I8LE);
        add_counting(file, "i2", {2, 50}, type::STD_I16BE);
        add_counting(file, "i4", {2, 50}, type::STD_I32LE);
        add_counting(file, "i8", {2, 50}, type::STD_I64LE, true);
        add_counting(file, "f4", {2, 50}, type::IEEE_F32BE, true);
        add_counting(file, "f8", {2, 50}, type::IEEE_F64LE);
        H5::FloatType half(type::IEEE_F32LE);
        half.setFields(15, 10, 5, 0, 10);
        half.setSize(2);
        half.setEbias(15);
        add_counting(file, "f2", {2, 50}, half);
        H5::IntType three_bytes(type::STD_U32LE);
        three_bytes.setPrecision(24);
        three_bytes.setSize(3);
        add_counting(file, "u3", {2, 50}, three_bytes);
        const auto size = extents({2, 2});
        const signed char flags[] = {0, 1, 1, 0};
        file.createDataSet("b", bool_type(), H5::DataSpace(2, size.data()))
            .write(flags, bool_type());
    }
    const auto read = [&](const char* name) { return xu::read_hdf5(path, {.dataset = name}).data; };
    CHECK(counts<std::uint8_t>(read("u1")));
    CHECK(counts<std::uint16_t>(read("u2")));
    CHECK(counts<std::uint32_t>(read("/u4")));
    CHECK(counts<std::uint64_t>(read("u8")));
    CHECK(counts<std::int8_t>(read("i1")));
    CHECK(counts<std::int16_t>(read("i2")));
    CHECK(counts<std::int32_t>(read("i4")));
    CHECK(counts<std::int64_t>(read("i8")));
    CHECK(counts<float>(read("f4")));
    CHECK(counts<double>(read("f8")));
    CHECK(counts<float>(read("f2")));
    CHECK(counts<std::uint32_t>(read("u3")));
    CHECK(std::get<xu::tensor<std::uint8_t>>(read("b")) ==
          xu::tensor<std::uint8_t>{{0, 1}, {1, 0}});
    CHECK(xu::shape_of(read("u2")) == std::vector<std::size_t>{2, 50});
}

TEST_CASE("hdf5: a HyperSpy signal brings its axes, units and positions")
{
    const scratch_folder folder;
    const auto path = folder / "signal.hspy";
    {
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
        const auto signal = file.createGroup("Experiments").createGroup("My scan");
        add_counting(signal, "data", {3, 4, 5}, H5::PredType::STD_U32LE, true);
        add_hyperspy_axis(signal, 0, "y", 0.5, -1, "nm", true);
        add_hyperspy_axis(signal, 1, "x", 0.25, 0, "<undefined>", true);
        add_hyperspy_axis(signal, 2, "", 0.02, 0.16, "", false);
        const auto results = signal.createGroup("learning_results");
        add_counting(results, "factors", {5, 2}, H5::PredType::IEEE_F64LE);
        add_counting(results, "loadings", {12, 2}, H5::PredType::IEEE_F64LE);
    }
    const xu::scan_file scan = xu::read_hdf5(path);
    CHECK(scan.title == "My scan");
    CHECK(counts<std::uint32_t>(scan.data));
    CHECK(scan.position_axes == std::vector<std::size_t>{0, 1});
    REQUIRE(scan.axes.size() == 3);
    CHECK(scan.axes[0].name == "y");
    CHECK(scan.axes[0].units == "nm");
    CHECK(scan.axes[0].size == 3);
    CHECK(scan.axes[0].is_position);
    CHECK(scan.axes[0].at(2) == 0.0);
    CHECK(scan.axes[1].units.empty());
    CHECK(scan.axes[2].name.empty());
    CHECK(scan.axes[2].at(4) == doctest::Approx(0.24));
    CHECK_FALSE(scan.axes[2].is_position);
}

TEST_CASE("hdf5: a HyperSpy axis of unequal steps brings its values, one of equal steps its scale")
{
    const scratch_folder folder;
    const auto path = folder / "signal.hspy";
    {
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
        const auto signal = file.createGroup("Experiments").createGroup("s");
        add_counting(signal, "data", {3, 4});
        for (int i : {0, 1})
            add_hyperspy_axis(signal, i, "a", 1, 0, "nm", i == 0);
        const double steps[] = {1, 2, 4, 8};
        const hsize_t size = 4;
        signal.openGroup("axis-1")
            .createDataSet("axis", H5::PredType::IEEE_F64LE, H5::DataSpace(1, &size))
            .write(steps, H5::PredType::NATIVE_DOUBLE);
    }
    const xu::scan_file scan = xu::read_hdf5(path);
    CHECK(scan.axes[1].values == std::vector<double>{1, 2, 4, 8});
    CHECK(scan.axes[1].at(3) == 8.0);
    CHECK(scan.axes[0].values.empty());
    xu::axis linear{.size = 3};
    xu::detail::place_values(linear, {10, 10.5, 11});
    CHECK(linear.values.empty());
    CHECK(linear.at(2) == 11.0);
}

TEST_CASE("hdf5: an axis whose length no number can say counts its places")
{
    const scratch_folder folder;
    const auto path = folder / "long.hspy";
    const auto dims = folder / "long.emd";
    {
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
        const auto signal = file.createGroup("Experiments").createGroup("s");
        add_counting(signal, "data", {3, 4, 5});
        add_hyperspy_axis(signal, 0, "a", 1e308, 0, "nm", true);
        add_hyperspy_axis(signal, 1, "b", 1e308, -1.5e308, "nm", true);
        add_hyperspy_axis(signal, 2, "c", 1e307, 0, "eV", false);
        const H5::H5File other(dims.string(), H5F_ACC_TRUNC);
        const auto group = other.createGroup("scan");
        add_text(group, "emd_group_type", "array");
        add_counting(group, "data", {3, 4, 5});
        add_emd_dimension(group, "dim0", "a", "nm", {1.5e308, -1.5e308});
        add_emd_dimension(group, "dim1", "b", "nm", {0, 1.5e308, -1.5e308, 1});
        add_emd_dimension(group, "dim2", "c", "eV", {0, 1e307});
    }
    for (const auto& file : {path, dims})
    {
        const xu::scan_file scan = xu::read_hdf5(file);
        for (const std::size_t i : {0U, 1U})
        {
            CHECK(scan.axes[i].at(0) == 0.0);
            CHECK(scan.axes[i].at(2) == 2.0);
        }
        CHECK(scan.axes[2].at(4) == doctest::Approx(4e307));
    }
    xu::axis single{.size = 1};
    xu::detail::place_values(single, {1.5e308, -1.5e308});
    xu::detail::drop_infinite_length(single);
    CHECK(single.scale == 1.0);
    CHECK(single.offset == 0.0);
}

TEST_CASE("hdf5: a py4DSTEM datacube (EMD 1.0) brings dims of two values and R as positions")
{
    const scratch_folder folder;
    const auto path = folder / "cube.h5";
    {
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
        const auto root = file.createGroup("datacube_root");
        add_text(root, "emd_group_type", "root", false);
        const auto cube = root.createGroup("datacube");
        add_text(cube, "emd_group_type", "array", false);
        add_counting(cube, "data", {3, 2, 4, 5});
        add_emd_dimension(cube, "dim0", "Rx", "A", {0, 2.5});
        add_emd_dimension(cube, "dim1", "Ry", "A", {0, 2.5});
        add_emd_dimension(cube, "dim2", "Qx", "A^-1", {-0.02, -0.01});
        add_emd_dimension(cube, "dim3", "Qy", "A^-1", {-0.02, -0.01, 0, 0.01, 0.02});
        const auto image = cube.createGroup("virtual_image");
        add_text(image, "emd_group_type", "array");
        add_counting(image, "data", {3, 2}, H5::PredType::IEEE_F32LE);
    }
    const xu::scan_file scan = xu::read_hdf5(path);
    CHECK(scan.title == "datacube");
    CHECK(xu::shape_of(scan.data) == std::vector<std::size_t>{3, 2, 4, 5});
    CHECK(scan.position_axes == std::vector<std::size_t>{0, 1});
    CHECK(scan.axes[1].name == "Ry");
    CHECK(scan.axes[0].at(2) == 5.0);
    CHECK(scan.axes[2].units == "A^-1");
    CHECK(scan.axes[2].at(3) == doctest::Approx(0.01));
    CHECK(scan.axes[3].at(4) == doctest::Approx(0.02));
    CHECK(scan.axes[3].values.empty());
    const auto image = xu::read_hdf5(path, {.dataset = "datacube_root/datacube/virtual_image"});
    CHECK(image.title == "virtual_image");
    CHECK(image.position_axes.empty());
}

TEST_CASE("hdf5: EMD 0.2 counts its dims from one, marks groups with a number and brackets units")
{
    const scratch_folder folder;
    const auto path = folder / "eels.emd";
    {
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
        const auto group = file.createGroup("data").createGroup("eels");
        add_number(group, "emd_group_type", std::int64_t{1});
        add_counting(group, "data", {6, 3, 4});
        add_emd_dimension(group, "dim1", "energy loss", "[eV]", {700, 700.5});
        add_emd_dimension(group, "dim2", "y", "[n_m]", {0, 1, 2});
        add_emd_dimension(group, "dim3", "x", "[n_m]", {0, 1, 2, 3});
    }
    const xu::scan_file scan = xu::read_hdf5(path);
    CHECK(scan.position_axes == std::vector<std::size_t>{1, 2});
    CHECK(scan.axes[0].units == "eV");
    CHECK(scan.axes[0].at(1) == 700.5);
    CHECK(scan.axes[1].units == "nm");
}

TEST_CASE("hdf5: dims that leave the positions open leave them unknown")
{
    const scratch_folder folder;
    const auto path = folder / "open.emd";
    {
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
        const auto group = file.createGroup("scan");
        add_text(group, "emd_group_type", "array");
        add_counting(group, "data", {6, 3});
        add_emd_dimension(group, "dim0", "dim0", "pixels", {0, 1});
        add_emd_dimension(group, "dim1", "x", "nm", {0, 1});
    }
    CHECK(xu::read_hdf5(path).position_axes.empty());
}

TEST_CASE("hdf5: the only scan of any other file is taken, an image or a spectrum gives way to it")
{
    const scratch_folder folder;
    const auto path = folder / "plain.h5";
    {
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
        add_counting(file, "energy", {7});
        add_counting(file, "survey", {4, 4});
        add_counting(file.createGroup("entry"), "counts", {2, 3, 7});
        file.link(H5L_TYPE_SOFT, "/entry/counts", "/alias");
        file.link(H5L_TYPE_SOFT, "/nowhere", "/dangling");
    }
    const xu::scan_file scan = xu::read_hdf5(path);
    CHECK(scan.title == "counts");
    CHECK(scan.position_axes.empty());
    REQUIRE(scan.axes.size() == 3);
    CHECK(scan.axes[2].size == 7);
    CHECK(scan.axes[2].at(3) == 3.0);
    CHECK(xu::shape_of(xu::read_hdf5(path, {.dataset = "alias"}).data) ==
          std::vector<std::size_t>{2, 3, 7});
}

TEST_CASE("hdf5: files and datasets that will not do are refused with the reason and the remedy")
{
    const scratch_folder folder;
    const auto path = folder / "a.h5";
    CHECK(reading_fails_with(path) == "cannot read 'FILE': No such file or directory");
    CHECK(reading_fails_with(path.parent_path()) == "'FILE' is a folder, a file is needed");
    write_bytes(path, "y,x\n1,2\n");
    CHECK(reading_fails_with(path) ==
          "'FILE' is not an HDF5 file; scans are read from those and from .npy files: convert it");

    {
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
    }
    CHECK(reading_fails_with(path) ==
          "'FILE' holds no dataset of numbers with two axes or more; it holds: nothing");
    {
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
        add_counting(file, "energy", {7}, H5::PredType::IEEE_F32LE);
        const auto size = extents({2, 2});
        file.createDataSet("names", H5::StrType(H5::PredType::C_S1, 4),
                           H5::DataSpace(2, size.data()));
    }
    CHECK(reading_fails_with(path) ==
          "'FILE' holds no dataset of numbers with two axes or more; it holds:\n"
          "  /names (2, 2) not numbers\n"
          "  /energy (7) float32");
    CHECK(reading_fails_with(path, "energy") ==
          "'FILE': dataset /energy has the shape (7); a scan needs two axes or more, positions and "
          "channels");
    CHECK(reading_fails_with(path, "names") ==
          "'FILE': dataset /names does not hold numbers (integer, floating point or bool); choose "
          "another with dataset");
    CHECK(reading_fails_with(path, "entry/data") ==
          "'FILE' holds no dataset /entry/data; it holds:\n"
          "  /names (2, 2) not numbers\n"
          "  /energy (7) float32");
    {
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
        add_counting(file, "first", {2, 3, 4});
        add_counting(file, "second", {2, 3, 5, 2}, H5::PredType::IEEE_F64LE);
        add_counting(file, "image", {2, 3});
    }
    CHECK(reading_fails_with(path) ==
          "'FILE' holds 3 datasets that may be the scan; choose one with dataset:\n"
          "  /second (2, 3, 5, 2) float64\n"
          "  /first (2, 3, 4) uint16\n"
          "  /image (2, 3) uint16");
    CHECK(counts<std::uint16_t>(xu::read_hdf5(path, {.dataset = "first"}).data));
}

TEST_CASE("hdf5: truncated and damaged files")
{
    const scratch_folder folder;
    const auto path = folder / "a.h5";
    {
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
        add_counting(file, "scan", {20, 30, 40}, H5::PredType::STD_U16LE, true);
    }
    const std::string whole = read_bytes(path);
    write_bytes(path, whole.substr(0, whole.size() / 2));
    CHECK(reading_fails_with(path) ==
          "'FILE' is an HDF5 file that is truncated, damaged or still being written; copy or save "
          "it again");
    // Zeros over the compressed values: the file opens, its chunk cannot be decompressed.
    std::string holed = whole;
    const std::size_t half = whole.size() / 2;
    holed.replace(half, 2000, std::string(2000, '\0'));
    write_bytes(path, holed);
    CHECK(reading_fails_with(path) ==
          "'FILE' is damaged or truncated: HDF5 reports H5Dread failed; copy or save it again");
}

TEST_CASE("hdf5: a compression that libhdf5 lacks is named, with the remedy")
{
    const scratch_folder folder;
    const auto path = folder / "a.h5";
    constexpr H5Z_filter_t id = 300; // a number for private use
    const auto unchanged = [](unsigned, std::size_t, const unsigned*, std::size_t bytes,
                              std::size_t*, void**) { return bytes; };
    const H5Z_class2_t filter{H5Z_CLASS_T_VERS, id, 1, 1, "squeeze", nullptr, nullptr, unchanged};
    REQUIRE(H5Zregister(&filter) >= 0);
    {
        const H5::H5File file(path.string(), H5F_ACC_TRUNC);
        H5::DSetCreatPropList properties;
        const auto size = extents({2, 3});
        properties.setChunk(2, size.data());
        properties.setFilter(id);
        const float values[6] = {};
        file.createDataSet("scan", H5::PredType::IEEE_F32LE, H5::DataSpace(2, size.data()),
                           properties)
            .write(values, H5::PredType::NATIVE_FLOAT);
    }
    CHECK(xu::shape_of(xu::read_hdf5(path).data) == std::vector<std::size_t>{2, 3});
    H5Zunregister(id);
    CHECK(reading_fails_with(path) ==
          "'FILE': dataset /scan is compressed by filter 300 (squeeze), which this HDF5 library "
          "lacks; recompress it: h5repack -f GZIP=4 old new");
}

TEST_CASE("hdf5: the host's own error printing is left as it was")
{
    int context = 0;
    const auto mine = [](hid_t, void*) -> herr_t { return 0; };
    H5E_auto2_t before = nullptr;
    void* before_context = nullptr;
    H5Eget_auto2(H5E_DEFAULT, &before, &before_context);
    H5Eset_auto2(H5E_DEFAULT, mine, &context);
    CHECK_THROWS_AS(xu::read_hdf5("no such file"), xu::io_error);
    H5E_auto2_t after = nullptr;
    void* after_context = nullptr;
    H5Eget_auto2(H5E_DEFAULT, &after, &after_context);
    CHECK(after_context == &context);
    H5Eset_auto2(H5E_DEFAULT, before, before_context);
}

TEST_CASE("hdf5: real STEM-EDX signals")
{
    if (const auto path = data_file("edx_core_shell.hspy"); !path.empty())
    {
        const xu::scan_file scan = xu::read_hdf5(path);
        CHECK(scan.title == "Core shell");
        CHECK(xu::type_name(scan.data) == "uint32");
        CHECK(xu::shape_of(scan.data) == std::vector<std::size_t>{64, 64, 992});
        CHECK(scan.position_axes == std::vector<std::size_t>{0, 1});
        CHECK(scan.axes[1].scale == 0.5);
        CHECK(scan.axes[1].units == "nm");
        CHECK(scan.axes[2].name == "Energy");
        CHECK(scan.axes[2].units == "keV");
        CHECK(scan.axes[2].at(312) == doctest::Approx(6.40)); // Fe K-alpha
        const auto& counted = std::get<xu::tensor<std::uint32_t>>(scan.data);
        std::size_t zeros = 0;
        for (const std::uint32_t count : counted)
            zeros += count == 0 ? 1U : 0U;
        CHECK(static_cast<double>(zeros) / static_cast<double>(counted.size()) ==
              doctest::Approx(0.93).epsilon(0.01));
    }
    if (const auto path = data_file("edx_espm.hspy"); !path.empty())
    {
        const xu::scan_file scan = xu::read_hdf5(path);
        CHECK(xu::type_name(scan.data) == "uint8");
        CHECK(xu::shape_of(scan.data) == std::vector<std::size_t>{80, 80, 1917});
        CHECK(scan.axes[0].units == "µm");
        CHECK(scan.axes[2].at(0) == doctest::Approx(0.8315195));
    }
    if (const auto path = data_file("samson.npy"); !path.empty())
        CHECK(reading_fails_with(path) == "'FILE' is not an HDF5 file; scans are read from those "
                                          "and from .npy files: convert it");
}
}
