using System;
using System.Runtime.ExceptionServices;
using System.Threading;

namespace S.Bootstrap
{
    /// <summary>Waits for methods that are async and give no task, and takes what they throw.</summary>
    sealed class VoidContext : SynchronizationContext
    {
        readonly CountdownEvent running = new CountdownEvent(1);
        ExceptionDispatchInfo failure;

        /// <summary>Calls the method and waits for its end; throws what it throws.</summary>
        public static object Wait(Action call)
        {
            var context = new VoidContext();
            SynchronizationContext before = Current;
            SetSynchronizationContext(context);
            try
            {
                call();
            }
            finally
            {
                SetSynchronizationContext(before);
            }
            context.running.Signal();
            context.running.Wait();
            if (context.failure != null)
            {
                context.failure.Throw();
            }
            return null;
        }

        public override void OperationStarted()
        {
            running.AddCount();
        }

        public override void OperationCompleted()
        {
            running.Signal();
        }

        public override void Post(SendOrPostCallback callback, object state)
        {
            running.AddCount();
            ThreadPool.QueueUserWorkItem(ignored =>
            {
                SynchronizationContext before = Current;
                SetSynchronizationContext(this);
                try
                {
                    callback(state);
                }
                catch (Exception e)
                {
                    failure = failure ?? ExceptionDispatchInfo.Capture(e);
                }
                finally
                {
                    SetSynchronizationContext(before);
                    running.Signal();
                }
            });
        }
    }
}
