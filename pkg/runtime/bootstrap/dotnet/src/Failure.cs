using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace S.Bootstrap
{
    /// <summary>Words an error for the caller and for the log, both with the user's frames only.</summary>
    sealed class Failure
    {
        const int MaxFrames = 32; // of a trace at its beginning and at its end
        const string Own = "   at S.Bootstrap.";

        /// <summary>What is between the runtime's call and the user's method.</summary>
        static readonly string[] Between =
        {
            "   at System.RuntimeMethodHandle.", "   at System.Reflection.", "   at System.RuntimeType.", "   at System.Activator.",
            "   at System.Threading.", "   at System.Runtime.CompilerServices.", "   at System.Runtime.ExceptionServices.",
            "   at System.Runtime.Loader.", "   at InvokeStub_", "--- End of stack trace",
        };

        readonly Exception error;

        public Failure(Exception error)
        {
            this.error = error;
        }

        /// <summary>The error document: errorMessage, errorType, stackTrace (documentation of error handling in C#).</summary>
        public byte[] Document()
        {
            var buffer = new MemoryStream();
            using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            {
                json.WriteStartObject();
                json.WriteString("errorMessage", Message(error));
                json.WriteString("errorType", Kind(error));
                List<string> frames = Frames(error);
                if (frames.Count > 0)
                {
                    json.WriteStartArray("stackTrace");
                    foreach (string frame in Shortened(frames))
                    {
                        json.WriteStringValue(frame.Trim());
                    }
                    json.WriteEndArray();
                }
                json.WriteEndObject();
            }
            return buffer.ToArray();
        }

        /// <summary>The error as .NET prints it.</summary>
        public string Trace()
        {
            var text = new StringBuilder();
            for (Exception e = error; e != null; e = e.InnerException)
            {
                text.Append(e == error ? "" : "\n ---> ").Append(Kind(e)).Append(": ").Append(Message(e));
            }
            foreach (string frame in Shortened(Frames(error)))
            {
                text.Append('\n').Append(frame);
            }
            return text.ToString();
        }

        static string Kind(Exception e)
        {
            var load = e as LoadError;
            return load != null ? load.Kind : e.GetType().FullName;
        }

        static string Message(Exception e)
        {
            try
            {
                return e.Message ?? "";
            }
            catch (Exception second)
            {
                return "<" + e.GetType().FullName + " has no message: " + second.GetType().FullName + ">";
            }
        }

        /// <summary>The lines above the runtime's call of user code, without those of the runtime in between.</summary>
        static List<string> Frames(Exception e)
        {
            var frames = new List<string>((e.StackTrace ?? "").Split(new[] { "\r\n", "\n" }, StringSplitOptions.RemoveEmptyEntries));
            int end = frames.Count;
            while (end > 0 && (IsOwn(frames[end - 1]) || IsBetween(frames[end - 1])))
            {
                end--;
            }
            frames.RemoveRange(end, frames.Count - end);
            frames.RemoveAll(IsOwn);
            return frames;
        }

        static List<string> Shortened(List<string> frames)
        {
            int left = frames.Count - 2 * MaxFrames;
            if (left <= 0)
            {
                return frames;
            }
            var few = frames.GetRange(0, MaxFrames);
            few.Add("   ... " + left + " frames ...");
            few.AddRange(frames.GetRange(frames.Count - MaxFrames, MaxFrames));
            return few;
        }

        static bool IsOwn(string frame)
        {
            return frame.StartsWith(Own, StringComparison.Ordinal);
        }

        static bool IsBetween(string frame)
        {
            foreach (string start in Between)
            {
                if (frame.StartsWith(start, StringComparison.Ordinal))
                {
                    return true;
                }
            }
            return false;
        }
    }
}
