// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <H5Cpp.h>

#include <xunmix/core/error.hpp>
#include <xunmix/io/hdf5_text.hpp>
#include <xunmix/io/scan_file.hpp>

/// What HDF5 files are made of: objects, attributes, datasets of numbers. What the numbers mean is
/// the business of hdf5.hpp. Depends on libhdf5 and its own C++ interface.
namespace xunmix::detail
{
/// While it lives HDF5 prints no error stack; the host's own setting comes back afterwards.
class quiet_hdf5
{
  public:
    quiet_hdf5()
    {
        H5Eget_auto2(H5E_DEFAULT, &print_, &context_);
        H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    }

    ~quiet_hdf5()
    {
        H5Eset_auto2(H5E_DEFAULT, print_, context_);
    }

    quiet_hdf5(const quiet_hdf5&) = delete;
    quiet_hdf5& operator=(const quiet_hdf5&) = delete;

  private:
    H5E_auto2_t print_ = nullptr;
    void* context_ = nullptr;
};

/// Where the header of an object lies in its file.
inline std::uint64_t header_address(const H5::H5Object& object)
{
#if H5_VERSION_GE(1, 12, 0)
    H5O_info2_t about;
    haddr_t address = HADDR_UNDEF;
    if (H5Oget_info3(object.getId(), &about, H5O_INFO_BASIC) >= 0)
        H5VLnative_token_to_addr(object.getId(), about.token, &address);
    return address;
#else
    H5O_info_t about;
    return H5Oget_info(object.getId(), &about) >= 0 ? about.addr : HADDR_UNDEF;
#endif
}

/// A text attribute of variable length, see hdf5_texts; empty where it is damaged.
inline std::string long_text_attribute(const H5::H5Object& object, const char* name)
{
    const hid_t file = H5Iget_file_id(object.getId());
    std::string path(static_cast<std::size_t>(std::max<ssize_t>(H5Fget_name(file, nullptr, 0), 0)),
                     '\0');
    H5Fget_name(file, path.data(), path.size() + 1);
    const hid_t creation = H5Fget_create_plist(file);
    hsize_t base = 0;
    std::size_t address_width = 0, size_width = 0;
    H5Pget_userblock(creation, &base);
    H5Pget_sizes(creation, &address_width, &size_width);
    H5Pclose(creation);
    H5Fclose(file);
    hdf5_texts texts(path, base, address_width, size_width);
    return texts.attribute(header_address(object), name).value_or("");
}

/// A text attribute, of fixed or variable length, as valid UTF-8; empty where there is none.
inline std::string text_attribute(const H5::H5Object& object, const char* name)
{
    if (!object.attrExists(name))
        return {};
    const H5::Attribute attribute = object.openAttribute(name);
    if (attribute.getTypeClass() != H5T_STRING ||
        attribute.getSpace().getSimpleExtentNpoints() != 1)
        return {};
    const H5::StrType type = attribute.getStrType();
    if (type.isVariableStr())
        return valid_utf8(long_text_attribute(object, name));
    std::string value(type.getSize(), '\0');
    attribute.read(type, value.data());
    return valid_utf8(value.substr(0, value.find('\0')));
}

/// A numeric or boolean attribute; `fallback` where there is none.
inline double number_attribute(const H5::H5Object& object, const char* name, double fallback)
{
    if (!object.attrExists(name))
        return fallback;
    const H5::Attribute attribute = object.openAttribute(name);
    const H5T_class_t kind = attribute.getTypeClass();
    if (attribute.getSpace().getSimpleExtentNpoints() != 1)
        return fallback;
    if (kind == H5T_ENUM) // how h5py stores a bool
    {
        const H5::DataType type = attribute.getDataType();
        std::vector<char> bytes(type.getSize());
        attribute.read(type, bytes.data());
        return std::ranges::any_of(bytes, [](char byte) { return byte != 0; }) ? 1 : 0;
    }
    double value = fallback;
    if (kind == H5T_INTEGER || kind == H5T_FLOAT)
        attribute.read(H5::PredType::NATIVE_DOUBLE, &value);
    return value;
}

/// One dataset of a file: where, how large, and the type it is read as; `type` is empty where the
/// values are not numbers.
struct hdf5_dataset
{
    std::string path;
    std::vector<std::size_t> shape;
    std::string type;

    [[nodiscard]] bool may_be_scan() const
    {
        return !type.empty() && shape.size() >= 2;
    }
};

/// The element type that holds the dataset's values: "bool", "uint16", "float32", ...
inline std::string numeric_type(const H5::DataSet& dataset)
{
    const H5T_class_t kind = dataset.getTypeClass();
    const std::size_t bytes = dataset.getDataType().getSize();
    if (kind == H5T_ENUM && bytes == 1 && dataset.getEnumType().getNmembers() <= 2)
        return "bool";
    if (kind == H5T_FLOAT)
        return bytes <= 4 ? "float32" : "float64";
    if (kind != H5T_INTEGER || bytes > 8)
        return {};
    const bool is_signed = dataset.getIntType().getSign() == H5T_SGN_2;
    const std::size_t held = bytes == 3 ? 4 : bytes > 4 ? 8 : bytes;
    return text(is_signed ? "int" : "uint", 8 * held);
}

inline hdf5_dataset describe(const H5::DataSet& dataset, std::string path)
{
    const H5::DataSpace space = dataset.getSpace();
    std::vector<hsize_t> extents(static_cast<std::size_t>(space.getSimpleExtentNdims()));
    if (!extents.empty())
        space.getSimpleExtentDims(extents.data());
    return {.path = std::move(path),
            .shape = {extents.begin(), extents.end()},
            .type = numeric_type(dataset)};
}

/// Every dataset below the root; links are not followed.
inline std::vector<hdf5_dataset> list_datasets(const H5::H5File& file)
{
    std::vector<std::string> names;
    const auto collect = [](hid_t, const char* name, const H5L_info_t* link, void* list) -> herr_t
    {
        if (link->type == H5L_TYPE_HARD)
            static_cast<std::vector<std::string>*>(list)->emplace_back(name);
        return 0;
    };
    H5Lvisit(file.getId(), H5_INDEX_NAME, H5_ITER_NATIVE, collect, &names);
    std::vector<hdf5_dataset> datasets;
    for (const std::string& name : names)
        if (file.childObjType(name) == H5O_TYPE_DATASET)
            datasets.push_back(describe(file.openDataSet(name), "/" + name));
    return datasets;
}

/// Whether there is an object of this kind at the path.
inline bool is_kind(const H5::H5File& file, const std::string& path, H5O_type_t kind)
{
    try
    {
        return file.childObjType(path) == kind;
    }
    catch (const H5::Exception&)
    {
        return false;
    }
}
inline bool is_dataset(const H5::H5File& file, const std::string& path)
{
    return is_kind(file, path, H5O_TYPE_DATASET);
}
inline bool is_group(const H5::H5File& file, const std::string& path)
{
    return is_kind(file, path, H5O_TYPE_GROUP);
}

/// The datasets, one a line and those of most axes first, as messages list them.
inline std::string listing(std::vector<hdf5_dataset> datasets)
{
    const auto rank = [](const hdf5_dataset& dataset) { return dataset.shape.size(); };
    std::ranges::stable_sort(datasets, std::ranges::greater{}, rank);
    constexpr std::size_t longest = 20;
    std::string lines = datasets.empty() ? " nothing" : "";
    for (std::size_t i = 0; i < std::min(datasets.size(), longest); ++i)
        lines += text("\n  ", datasets[i].path, " ", shape_text(datasets[i].shape), " ",
                      datasets[i].type.empty() ? "not numbers" : datasets[i].type);
    if (datasets.size() > longest)
        lines += text("\n  and ", datasets.size() - longest, " more");
    return lines;
}

template <class T>
const H5::PredType& native_type()
{
    // clang-format off
    if constexpr (std::same_as<T, float>) return H5::PredType::NATIVE_FLOAT;
    else if constexpr (std::same_as<T, double>) return H5::PredType::NATIVE_DOUBLE;
    else if constexpr (std::same_as<T, std::uint8_t>) return H5::PredType::NATIVE_UINT8;
    else if constexpr (std::same_as<T, std::uint16_t>) return H5::PredType::NATIVE_UINT16;
    else if constexpr (std::same_as<T, std::uint32_t>) return H5::PredType::NATIVE_UINT32;
    else if constexpr (std::same_as<T, std::uint64_t>) return H5::PredType::NATIVE_UINT64;
    else if constexpr (std::same_as<T, std::int8_t>) return H5::PredType::NATIVE_INT8;
    else if constexpr (std::same_as<T, std::int16_t>) return H5::PredType::NATIVE_INT16;
    else if constexpr (std::same_as<T, std::int32_t>) return H5::PredType::NATIVE_INT32;
    else return H5::PredType::NATIVE_INT64;
    // clang-format on
}

/// Reads into `out` where T is the type that `about` names; HDF5 decompresses and swaps bytes on
/// the way, chunk by chunk. A bool is read as the byte it is. Without values only the shape is
/// there.
template <class T>
bool read_if(const H5::DataSet& dataset, const hdf5_dataset& about, bool with_values,
             any_tensor& out)
{
    const bool is_bool = about.type == "bool" && std::same_as<T, std::uint8_t>;
    if (about.type != type_name<T>() && !is_bool)
        return false;
    auto values = tensor<T>::from_shape(about.shape);
    const H5::DataType in_memory = is_bool ? dataset.getDataType() : H5::DataType(native_type<T>());
    if (with_values)
        dataset.read(values.data(), in_memory);
    out = std::move(values);
    return true;
}

/// Throws io_error for a dataset that promises far more than the file holds: no filter makes
/// numbers a thousand times as small, and what was never written is not data.
inline void require_content(const H5::DataSet& dataset, const hdf5_dataset& about,
                            const std::string& what)
{
    constexpr double shrunk = 1100, harmless = 64 << 20;
    double promised = static_cast<double>(dataset.getDataType().getSize());
    for (const std::size_t extent : about.shape)
        promised *= static_cast<double>(extent);
    const auto held = static_cast<double>(dataset.getStorageSize());
    require<io_error>(promised <= harmless + shrunk * held, what, " promises ",
                      shape_text(about.shape), " values, but the file holds ", held,
                      " bytes of them: it is damaged, or was not written to its end");
}

inline any_tensor read_numbers(const H5::DataSet& dataset, const hdf5_dataset& about,
                               bool with_values)
{
    any_tensor out;
    const auto read_first_match = [&]<class... T>(const std::variant<tensor<T>...>&)
    { return (read_if<T>(dataset, about, with_values, out) || ...); };
    require<io_error>(read_first_match(out), "dataset ", about.path, " does not hold numbers");
    return out;
}

/// Throws io_error for a compression that this libhdf5 cannot undo.
inline void require_filters(const H5::DataSet& dataset, const std::string& what)
{
    const H5::DSetCreatPropList properties = dataset.getCreatePlist();
    const int count = properties.getLayout() == H5D_CHUNKED ? properties.getNfilters() : 0;
    for (int i = 0; i < count; ++i)
    {
        unsigned flags = 0;
        unsigned config = 0;
        std::size_t values = 0;
        char name[64] = {};
        const H5Z_filter_t filter =
            properties.getFilter(i, flags, values, nullptr, sizeof name - 1, name, config);
        require<io_error>(H5Zfilter_avail(filter) > 0, what, " is compressed by filter ", filter,
                          " (", name,
                          "), which this HDF5 library lacks; recompress it: h5repack -f GZIP=4 "
                          "old new");
    }
}

/// Opens for reading. Throws io_error for a file that is missing, not HDF5, or damaged.
inline H5::H5File open_hdf5(const std::filesystem::path& path)
{
    const std::string name = "'" + path.string() + "'";
    std::error_code unknown;
    require<io_error>(std::filesystem::exists(path, unknown), "cannot read ", name,
                      ": No such file or directory");
    require<io_error>(!std::filesystem::is_directory(path, unknown), name,
                      " is a folder, a file is needed");
    require<io_error>(
        H5Fis_hdf5(path.c_str()) > 0, name,
        " is not an HDF5 file; scans are read from those and from .npy files: convert "
        "it");
    try
    {
        return H5::H5File(path.string(), H5F_ACC_RDONLY);
    }
    catch (const H5::Exception&)
    {
        throw io_error(name + " is an HDF5 file that is truncated, damaged or still being written; "
                              "copy or save it again");
    }
}
}
